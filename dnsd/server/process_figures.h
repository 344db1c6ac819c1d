// What the process takes of the machine.
#pragma once

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace dnsd::server {

struct ProcessFigures {
  double cpu_seconds = 0;  // user and system
  std::uint64_t resident_octets = 0;
  std::uint64_t virtual_octets = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  std::uint64_t most_files = 0;  // that it may have open
};

// Asks the kernel. Keeps open what it reads, so that it goes on telling when descriptors have run
// out, which is when it is wanted most. Any thread.
class ProcessReader {
 public:
  ProcessReader();
  ~ProcessReader();
  ProcessReader(const ProcessReader&) = delete;
  ProcessReader& operator=(const ProcessReader&) = delete;

  // What the kernel does not tell is as it was last; at first 0.
  ProcessFigures Read();

 private:
  struct Close {
    void operator()(DIR* folder) const { closedir(folder); }
  };

  void ReadStat();
  void CountFiles();

  std::mutex mutex_;  // guards all below
  const int stat_;    // /proc/self/stat; -1: not there
  const std::unique_ptr<DIR, Close> files_;
  ProcessFigures last_;
};

// The figures of /proc/PID/stat's line: nothing if it is none.
std::optional<ProcessFigures> ParseProcStat(const std::string& line, double ticks_per_second,
                                            std::uint64_t page_octets);

}  // namespace dnsd::server

// What the process takes of the machine.
#pragma once

#include <cstdint>
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

// From the kernel; what it does not tell stays 0.
ProcessFigures ReadProcessFigures();

// The figures of /proc/PID/stat's line: nothing if it is none.
std::optional<ProcessFigures> ParseProcStat(const std::string& line, double ticks_per_second,
                                            std::uint64_t page_octets);

}  // namespace dnsd::server

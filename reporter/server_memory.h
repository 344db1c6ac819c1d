// How much memory the web server takes for a connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "reporter/text.h"

namespace dnsd::reporter {

// Which processes are the server: those whose command has a name (as /proc/PID/comm has it, 15
// characters), or the one whose number a file holds, with its children and theirs.
struct ServerProcesses {
  std::string name;
  std::string pid_file;

  bool any() const { return !name.empty() || !pid_file.empty(); }
  friend bool operator==(const ServerProcesses&, const ServerProcesses&) = default;
};

// The private memory of the processes over the connections, as a mean over a minute or so: memory
// follows the connections late. What processes share (code, caches) is left out, since a
// connection does not add to it. Not thread-safe.
class ServerMemory {
 public:
  ServerMemory(FileRoot files, ServerProcesses processes);

  // Looks at the processes, but not within five seconds of the last time: it is a walk over /proc.
  void Take(double connections, MonotonicTime now);
  // Octets; nothing before there was a connection to divide by.
  std::optional<double> per_connection() const;

  const ServerProcesses& processes() const { return processes_; }
  // Octets that the processes have to themselves now; nothing if there is no such process.
  std::optional<std::uint64_t> Read() const;

 private:
  std::vector<std::string> FindByName() const;
  std::vector<std::string> FindByFile() const;

  FileRoot files_;
  const ServerProcesses processes_;
  std::optional<MonotonicTime> looked_;
  double octets_ = 0;  // sums that decay
  double connections_ = 0;
};

}  // namespace dnsd::reporter

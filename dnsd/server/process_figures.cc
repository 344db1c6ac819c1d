#include "dnsd/server/process_figures.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sstream>
#include <utility>

namespace dnsd::server {

// Fields count from 1 in proc(5); the second, the program's name in parentheses, may hold anything.
std::optional<ProcessFigures> ParseProcStat(const std::string& line, double ticks_per_second,
                                            std::uint64_t page_octets) {
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  std::string field;
  ProcessFigures figures;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::uint64_t pages = 0;
  for (int i = 3; i <= 13; ++i) rest >> field;
  rest >> user >> system;  // 14, 15
  for (int i = 16; i <= 19; ++i) rest >> field;
  rest >> figures.threads >> field >> field;  // 20
  rest >> figures.virtual_octets >> pages;    // 23, 24
  if (rest.fail()) return std::nullopt;
  figures.cpu_seconds = static_cast<double>(user + system) / ticks_per_second;
  figures.resident_octets = pages * page_octets;
  return figures;
}

ProcessReader::ProcessReader()
    : stat_(open("/proc/self/stat", O_RDONLY | O_CLOEXEC)), files_(opendir("/proc/self/fd")) {}

ProcessReader::~ProcessReader() {
  if (stat_ >= 0) close(stat_);
}

ProcessFigures ProcessReader::Read() {
  std::lock_guard lock(mutex_);
  ReadStat();
  CountFiles();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) last_.most_files = limit.rlim_cur;
  return last_;
}

void ProcessReader::ReadStat() {
  char line[4096];
  const ssize_t size = pread(stat_, line, sizeof line, 0);
  if (size <= 0) return;
  const auto figures = ParseProcStat(std::string(line, static_cast<std::size_t>(size)),
                                     static_cast<double>(sysconf(_SC_CLK_TCK)),
                                     static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  if (!figures) return;
  const ProcessFigures before = std::exchange(last_, *figures);
  last_.open_files = before.open_files;
  last_.most_files = before.most_files;
}

void ProcessReader::CountFiles() {
  if (files_ == nullptr) return;
  rewinddir(files_.get());
  std::uint64_t count = 0;
  while (const dirent* const entry = readdir(files_.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  last_.open_files = count;
}

}  // namespace dnsd::server

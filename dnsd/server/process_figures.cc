#include "dnsd/server/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

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

ProcessFigures ReadProcessFigures() {
  std::ifstream stat("/proc/self/stat");
  std::string line;
  std::getline(stat, line);
  ProcessFigures figures = ParseProcStat(line, static_cast<double>(sysconf(_SC_CLK_TCK)),
                                         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)))
                               .value_or(ProcessFigures());
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (!error) figures.open_files = static_cast<std::uint64_t>(std::distance(begin(files), {}));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_files = limit.rlim_cur;
  return figures;
}

}  // namespace dnsd::server

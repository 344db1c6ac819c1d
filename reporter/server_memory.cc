#include "reporter/server_memory.h"

#include <unistd.h>

#include <cmath>
#include <utility>

namespace dnsd::reporter {
namespace {

constexpr Duration kLook = std::chrono::seconds(5);
constexpr double kMemorySeconds = 60;  // the sums fall to 1/e
constexpr std::size_t kMostProcesses = 4096;

// /proc/PID/statm in pages: size, resident, and of those with a file or shared behind them.
std::uint64_t PrivatePages(std::string_view statm) {
  NextWord(statm);
  const std::uint64_t resident = ParseUnsigned(NextWord(statm)).value_or(0);
  const std::uint64_t shared = ParseUnsigned(NextWord(statm)).value_or(0);
  return resident > shared ? resident - shared : 0;
}

}  // namespace

ServerMemory::ServerMemory(FileRoot files, ServerProcesses processes)
    : files_(std::move(files)), processes_(std::move(processes)) {}

std::vector<std::string> ServerMemory::FindByName() const {
  std::vector<std::string> pids;
  for (const std::string& entry : files_.List("/proc")) {
    if (!ParseUnsigned(entry)) continue;
    const auto command = files_.Read("/proc/" + entry + "/comm", 64);
    if (!command) continue;
    std::string_view rest = *command;
    if (NextLine(rest) == processes_.name) pids.push_back(entry);
    if (pids.size() == kMostProcesses) break;
  }
  return pids;
}

std::vector<std::string> ServerMemory::FindByFile() const {
  std::vector<std::string> pids;
  const auto pid = files_.ReadUnsigned(processes_.pid_file);
  if (pid) pids.push_back(std::to_string(*pid));
  for (std::size_t at = 0; at < pids.size(); ++at) {
    const std::string path = "/proc/" + pids[at] + "/task/" + pids[at] + "/children";
    const std::string children = files_.Read(path).value_or("");
    std::string_view rest = children;
    for (auto word = NextWord(rest); !word.empty(); word = NextWord(rest)) {
      if (pids.size() < kMostProcesses && ParseUnsigned(word)) pids.emplace_back(word);
    }
  }
  return pids;
}

std::optional<std::uint64_t> ServerMemory::Read() const {
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  bool found = false;
  std::uint64_t pages = 0;
  for (const std::string& pid : processes_.name.empty() ? FindByFile() : FindByName()) {
    const auto statm = files_.Read("/proc/" + pid + "/statm", 256);
    if (!statm) continue;  // it has ended since
    found = true;
    pages += PrivatePages(*statm);
  }
  if (!found) return std::nullopt;
  return pages * page;
}

void ServerMemory::Take(double connections, MonotonicTime now) {
  if (looked_ && now - *looked_ < kLook) return;
  const double keep = looked_ ? std::exp(-Seconds(now - *looked_) / kMemorySeconds) : 0;
  looked_ = now;
  octets_ *= keep;
  connections_ *= keep;
  const auto octets = Read();
  if (!octets || connections <= 0) return;
  octets_ += static_cast<double>(*octets);
  connections_ += connections;
}

// Below a hundredth the sums are of connections long gone.
std::optional<double> ServerMemory::per_connection() const {
  if (connections_ < 0.01) return std::nullopt;
  return octets_ / connections_;
}

}  // namespace dnsd::reporter

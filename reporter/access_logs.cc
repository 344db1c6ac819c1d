#include "reporter/access_logs.h"

#include <glob.h>

#include <algorithm>
#include <utility>

#include "dnsd/base/log.h"
#include "reporter/access_log.h"
#include "reporter/hosting.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFindEvery = 10s;
constexpr Duration kLookEvery = 200ms;
constexpr Duration kForgetAfter = 60s;      // a file that is away
constexpr std::size_t kMostRefused = 1000;  // that are remembered as told of

std::vector<std::string> Glob(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

}  // namespace

AccessLogs::AccessLogs(event_base* base, std::vector<AccessLogConfig> logs,
                       std::function<bool(const std::string& site)> counts)
    : logs_(std::move(logs)),
      counts_(std::move(counts)),
      find_(base, [this] { Find(MonotonicClock::now()); }),
      look_(base, [this] { Look(MonotonicClock::now()); }) {
  const MonotonicTime now = MonotonicClock::now();
  Find(now);
  meter_.Advance(now);
  find_.Every(kFindEvery);
  look_.Every(kLookEvery);
}

void AccessLogs::Find(MonotonicTime now) {
  for (const AccessLogConfig& log : logs_) {
    const auto paths = Glob(GlobOf(log.path));
    if (paths.empty() && first_) spdlog::warn("access log {}: there is no such file yet", log.path);
    for (const std::string& path : paths) Add(log, path, now);
  }
  first_ = false;
  std::erase_if(files_,
                [=](const auto& file) { return now - file.second->matched >= kForgetAfter; });
}

void AccessLogs::Add(const AccessLogConfig& log, const std::string& path, MonotonicTime now) {
  if (const auto at = files_.find(path); at != files_.end()) {
    at->second->matched = now;
    return;
  }
  const auto refuse = [&](const char* why) {
    if (refused_.size() == kMostRefused || !refused_.insert(path).second) return;
    spdlog::warn("access log {}: {}", path, why);
  };
  const bool named = log.path.find("{site}") != std::string::npos;
  const auto site = named ? SiteOfLog(log.path, path) : log.site;
  if (!site || (named && site->empty())) return refuse("no site's name in its path; left out");
  if (files_.size() == kMostFiles) return refuse("left out, there are too many");
  auto file = std::make_unique<Followed>(path, first_);
  file->site = *site;
  file->host_first = log.host_first;
  file->matched = now;
  Complain(*file);
  files_.emplace(path, std::move(file));
}

// From where the last look ended, so that a busy log does not keep the others waiting.
void AccessLogs::Look(MonotonicTime now) {
  std::size_t left = kMostOctets;
  std::size_t looks = std::min(files_.size(), kMostLooks);
  auto at = files_.lower_bound(next_);
  for (; looks > 0 && left > 0; --looks, ++at) {
    if (at == files_.end()) at = files_.begin();
    Followed& log = *at->second;
    left -= log.tail.Read(left, now, [&](std::string_view line) { TakeLine(log, line); });
    Complain(log);
  }
  next_ = at == files_.end() ? "" : at->first;
}

void AccessLogs::TakeLine(Followed& log, std::string_view line) {
  const auto parsed = ParseLogLine(line, log.host_first);
  if (!parsed) {
    ++log.odd_lines;
    return;
  }
  const std::string site = log.host_first ? SiteName(std::string(parsed->host)) : log.site;
  meter_.Count(!site.empty() && counts_(site) ? site : "", parsed->status, parsed->octets);
}

// Of each kind of trouble once a file.
void AccessLogs::Complain(Followed& log) {
  if (log.tail.fault() != log.fault) {
    log.fault = log.tail.fault();
    if (!log.fault.empty()) spdlog::warn("access log {}: {}", log.tail.path(), log.fault);
  }
  if (log.odd_lines > 0 && !std::exchange(log.told_odd, true)) {
    spdlog::warn("access log {}: a line is not in the {} format; such lines do not count",
                 log.tail.path(), log.host_first ? "vhost_combined" : "common or combined");
  }
  if (log.tail.octets_lost() + log.tail.lines_lost() > 0 && !std::exchange(log.told_lost, true)) {
    spdlog::warn(
        "access log {}: it grows faster than it is read, or has lines of more than {} "
        "octets; what is left out does not count",
        log.tail.path(), LogTail::kMostLine);
  }
}

const DemandMeter& AccessLogs::Read(MonotonicTime now) {
  Look(now);
  meter_.Advance(now);
  return meter_;
}

}  // namespace dnsd::reporter

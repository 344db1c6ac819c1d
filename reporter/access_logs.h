// The access logs of a node's web server, followed for the demand on each site.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "reporter/event_loop.h"
#include "reporter/log_tail.h"
#include "reporter/site_demand.h"

namespace dnsd::reporter {

// A log, or several alike. The site that a line is of is the host at its start, what "{site}" in
// the path stands for, or the one given here; with none of these it counts for the node alone.
struct AccessLogConfig {
  std::string path;  // a shell pattern, "{site}" in it
  std::string site;
  bool host_first = false;

  friend bool operator==(const AccessLogConfig&, const AccessLogConfig&) = default;
};

// Looks for new files every ten seconds and for new lines five times a second, at most kMostOctets
// and kMostLooks files a time: the rest waits its turn. Belongs to the loop's thread.
class AccessLogs {
 public:
  static constexpr std::size_t kMostFiles = 4096;
  static constexpr std::size_t kMostLooks = 512;
  static constexpr std::size_t kMostOctets = 4U << 20;

  // `counts`: whether a site's demand is of interest. What the files hold already is not counted.
  AccessLogs(event_base* base, std::vector<AccessLogConfig> logs,
             std::function<bool(const std::string& site)> counts);

  // The rates up to `now`.
  const DemandMeter& Read(MonotonicTime now);
  const std::vector<AccessLogConfig>& config() const { return logs_; }

  // As the timers do it.
  void Find(MonotonicTime now);
  void Look(MonotonicTime now);

 private:
  struct Followed {
    Followed(std::string path, bool from_end) : tail(std::move(path), from_end) {}
    LogTail tail;
    std::string site;
    bool host_first = false;
    MonotonicTime matched;  // when a pattern last did
    std::string fault;      // told of last
    std::uint64_t odd_lines = 0;
    bool told_odd = false, told_lost = false;
  };
  void Add(const AccessLogConfig& log, const std::string& path, MonotonicTime now);
  void TakeLine(Followed& log, std::string_view line);
  void Complain(Followed& log);

  const std::vector<AccessLogConfig> logs_;
  const std::function<bool(const std::string& site)> counts_;
  DemandMeter meter_;
  std::map<std::string, std::unique_ptr<Followed>> files_;  // by path
  std::set<std::string> refused_;                           // told of: no site's name, too many
  std::string next_;                                        // path to go on at
  bool first_ = true;                                       // the first Find
  Timer find_, look_;
};

}  // namespace dnsd::reporter

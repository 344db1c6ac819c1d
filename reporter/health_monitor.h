// Checks the node and its sites again and again, and knows how each is.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "dnsd/base/random.h"
#include "reporter/event_loop.h"
#include "reporter/health_check.h"
#include "reporter/health_state.h"

namespace dnsd::reporter {

// Each subject (a site's name; empty for the node) is checked at once when it is first watched,
// then every interval, and sooner while a failed check has put a healthy subject in doubt. At most
// kMostAtOnce checks run at a time; others wait their turn. Belongs to the loop's thread.
class HealthMonitor {
 public:
  static constexpr std::size_t kMostAtOnce = 32;
  using Changed = std::function<void(const std::string& subject)>;

  HealthMonitor(event_base* base, Random random, Changed changed);

  // A subject that is watched already keeps its verdict, under another check too, until that has
  // its own. `check` has its address.
  void Watch(const std::string& subject, const HealthCheckConfig& check);
  void Forget(const std::string& subject);
  // Null if it is not watched.
  const HealthState* Find(const std::string& subject) const;
  // True once every subject has been checked.
  bool all_known() const;
  // TCP sessions that the checks have opened so far.
  std::uint64_t sessions() const { return sessions_; }
  // How long a response to an HTTP check takes, in seconds: a mean in which each check counts for
  // less the more have followed. A check that got none in time counts as its limit; one that
  // failed sooner tells of no work and does not count. Nothing before the first.
  std::optional<double> response_seconds() const { return response_seconds_; }

 private:
  struct Subject {
    Subject(HealthCheckConfig c, event_base* base, std::function<void()> due)
        : check(std::move(c)), state(check.rise, check.fall), timer(base, std::move(due)) {}
    HealthCheckConfig check;
    HealthState state;
    Timer timer;                   // until the next check
    std::unique_ptr<Probe> probe;  // the check under way
    MonotonicTime begun;           // when it was begun
  };
  void Due(const std::string& name);
  void Begin(const std::string& name, Subject& subject);
  void End(const std::string& name, const absl::Status& result);
  void BeginWaiting();
  void NoteResponse(const Subject& subject, const absl::Status& result);
  Duration NextWait(const Subject& subject);

  event_base* base_;
  Random random_;
  Changed changed_;
  std::map<std::string, std::unique_ptr<Subject>> subjects_;
  std::deque<std::string> waiting_;  // for one of the kMostAtOnce places
  std::size_t running_ = 0;
  std::uint64_t sessions_ = 0;
  std::optional<double> response_seconds_;
};

}  // namespace dnsd::reporter

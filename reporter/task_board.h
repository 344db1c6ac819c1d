// What every dnsd wants done with replicas here, and how far each of it is.
//
//   Replace --> WAITING --Begin--> RUNNING --Done----> DONE
//                  ^                  |
//                  +--- retry <-- Failed ------------> FAILED   its retries are used up
//
// A task is known by who wants it and by the id that that one gave it. Of one site the tasks run
// one after another, in the order in which they were heard of; one that is held holds up no other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::reporter {

struct TaskKey {
  std::string origin;  // the dnsd, as the configuration names it; empty: the reporter's own
  std::uint64_t id = 0;
  friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
};

using TaskPhase = heartbeat::v1::TaskReport::Phase;
using TaskReports = std::vector<heartbeat::v1::TaskReport>;

struct BoardTask {
  heartbeat::v1::Task task;
  std::string site;       // SiteName() of the task's
  std::uint64_t order{};  // of arrival
  TaskPhase phase = heartbeat::v1::TaskReport::WAITING;
  std::uint32_t attempts = 0;
  std::string detail;
  MonotonicTime not_before{};  // of the next attempt

  bool finished() const { return phase >= heartbeat::v1::TaskReport::DONE; }
  bool held() const { return task.held() && !finished(); }
};

// Text for a task's detail: one line, valid UTF-8, at most 255 octets, its end kept.
std::string LastWords(const std::string& output);

// Pure: time and randomness are arguments.
class TaskBoard {
 public:
  static constexpr int kMostTasks = 1024;  // of one dnsd
  struct Rules {
    unsigned retries = 2;
    unsigned at_once = 2;
    friend bool operator==(const Rules&, const Rules&) = default;
  };

  void SetRules(const Rules& rules) { rules_ = rules; }

  // All that `origin` wants now. Gives the tasks that were running and are wanted no more; they are
  // forgotten like all others that are not named. A task that is named again goes on as it is, but
  // for being held. One whose site is no name, or of no known kind, has failed.
  std::vector<TaskKey> Replace(const std::string& origin, const heartbeat::v1::Tasks& tasks);
  // Forgets what `origin` has held.
  void DropHeld(const std::string& origin);
  // Adds a task of the reporter's own, to be begun at `not_before`; it is forgotten when it has
  // ended.
  TaskKey AddOwn(heartbeat::v1::Task task, MonotonicTime not_before = {});
  // Forgets one of them that has not been begun. False: it has been.
  bool DropOwn(const TaskKey& key);

  // The task to begin now, if there is one.
  std::optional<TaskKey> Next(MonotonicTime now) const;
  // When to ask again though nothing happens.
  std::optional<MonotonicTime> NextTime(MonotonicTime now) const;
  // One attempt begins.
  void Begin(const TaskKey& key);
  // It has to wait for a while before it can begin; no attempt is counted.
  void Defer(const TaskKey& key, MonotonicTime until, const std::string& why);
  void Done(const TaskKey& key, const std::string& detail);
  // True if it will be tried again, after a wait that doubles each time: drawn, by `unit` from
  // [0, 1), from the upper half of up to a minute.
  bool Failed(const TaskKey& key, const std::string& detail, MonotonicTime now, double unit);
  // Likewise, but no retry would help.
  void FailedForGood(const TaskKey& key, const std::string& detail);

  // Null: it has been forgotten.
  const BoardTask* Find(const TaskKey& key) const;
  // Whether a task of this site is not finished; `own`: counting only the reporter's.
  bool IsBusy(const std::string& site, bool own = false) const;
  // Whether some dnsd wants the site made here.
  bool IsWanted(const std::string& site) const;
  // The sites that some task is to withdraw, held or not.
  std::set<std::string> Leaving() const;
  // Those that are held.
  std::vector<TaskKey> Held() const;
  TaskReports Reports(const std::string& origin) const;
  std::set<std::string> origins() const;

 private:
  void Finish(const TaskKey& key, TaskPhase phase, const std::string& detail);

  Rules rules_;
  std::uint64_t arrivals_ = 0;
  std::uint64_t own_ids_ = 0;
  std::map<TaskKey, BoardTask> tasks_;
  std::map<std::uint64_t, TaskKey> order_;  // of those that are not finished, by arrival
};

}  // namespace dnsd::reporter

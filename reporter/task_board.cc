#include "reporter/task_board.h"

#include <algorithm>

#include "dnsd/base/printable.h"
#include "reporter/hosting.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Task;
using heartbeat::v1::TaskReport;

constexpr std::size_t kMostDetail = 255;
constexpr Duration kFirstWait = 2s;  // before the first retry
constexpr Duration kMostWait = 1min;

// Octets that are not ASCII become "?" as well: what a command writes need not be UTF-8, and a
// protobuf string must.
std::string Plain(const std::string& text) {
  std::string plain;
  for (const char c : text) plain += (c >= ' ' && c <= '~') ? c : (c == '\n' ? ' ' : '?');
  return plain;
}

// Hooks get it as a word of its own, which must not be taken for an option.
std::string TaskSite(const Task& task) {
  const std::string site = SiteName(task.site());
  return site.starts_with('-') ? "" : site;
}

bool IsKnown(Task::Kind kind) {
  return kind == Task::INSTANTIATE || kind == Task::WITHDRAW || kind == Task::VERIFY;
}

}  // namespace

std::string LastWords(const std::string& output) {
  const std::size_t end = output.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const std::size_t begin = end < kMostDetail ? 0 : end + 1 - kMostDetail;
  return Plain(output.substr(begin, end + 1 - begin));
}

std::vector<TaskKey> TaskBoard::Replace(const std::string& origin,
                                        const heartbeat::v1::Tasks& tasks) {
  std::set<TaskKey> named;
  for (int at = 0; at < std::min(tasks.tasks_size(), kMostTasks); ++at) {
    const Task& task = tasks.tasks(at);
    const TaskKey key{origin, task.id()};
    if (!named.insert(key).second) continue;
    if (const auto known = tasks_.find(key); known != tasks_.end()) {
      BoardTask& there = known->second;
      if (there.attempts == 0 && there.task.kind() == Task::WITHDRAW) {
        there.task.set_held(task.held());
      }
      continue;
    }
    BoardTask& fresh = tasks_[key];
    fresh.task = task;
    fresh.site = TaskSite(task);
    fresh.order = ++arrivals_;
    order_[fresh.order] = key;
    if (fresh.site.empty()) {
      FailedForGood(key, "'" + Printable(task.site()) + "' is no name that a site may have here");
    } else if (!IsKnown(task.kind())) {
      FailedForGood(key, "wanted to instantiate, withdraw or verify; this reporter knows no more");
    } else if (task.kind() != Task::WITHDRAW) {
      fresh.task.clear_held();
    }
  }
  std::vector<TaskKey> broken_off;
  std::erase_if(tasks_, [&](const auto& entry) {
    const auto& [key, task] = entry;
    if (key.origin != origin || named.contains(key)) return false;
    if (task.phase == TaskReport::RUNNING) broken_off.push_back(key);
    order_.erase(task.order);
    return true;
  });
  return broken_off;
}

void TaskBoard::DropHeld(const std::string& origin) {
  std::erase_if(tasks_, [&](const auto& entry) {
    const auto& [key, task] = entry;
    if (key.origin != origin || !task.held()) return false;
    order_.erase(task.order);
    return true;
  });
}

TaskKey TaskBoard::AddOwn(Task task, MonotonicTime not_before) {
  task.set_id(++own_ids_);
  const TaskKey key{"", task.id()};
  BoardTask& fresh = tasks_[key];
  fresh.site = SiteName(task.site());
  fresh.task = std::move(task);
  fresh.not_before = not_before;
  fresh.order = ++arrivals_;
  order_[fresh.order] = key;
  return key;
}

bool TaskBoard::DropOwn(const TaskKey& key) {
  const auto at = tasks_.find(key);
  if (at == tasks_.end() || at->second.attempts > 0) return false;
  order_.erase(at->second.order);
  tasks_.erase(at);
  return true;
}

std::optional<TaskKey> TaskBoard::Next(MonotonicTime now) const {
  const auto running = std::count_if(order_.begin(), order_.end(), [&](const auto& entry) {
    return tasks_.at(entry.second).phase == TaskReport::RUNNING;
  });
  if (running >= static_cast<std::ptrdiff_t>(rules_.at_once)) return std::nullopt;
  std::set<std::string> taken;  // sites that an earlier task holds
  for (const auto& [order, key] : order_) {
    const BoardTask& task = tasks_.at(key);
    if (task.held() || !taken.insert(task.site).second) continue;
    if (task.phase == TaskReport::WAITING && task.not_before <= now) return key;
  }
  return std::nullopt;
}

std::optional<MonotonicTime> TaskBoard::NextTime(MonotonicTime now) const {
  std::optional<MonotonicTime> next;
  for (const auto& [order, key] : order_) {
    const BoardTask& task = tasks_.at(key);
    // One whose time has come waits for another to end.
    if (task.phase != TaskReport::WAITING || task.held() || task.not_before <= now) continue;
    next = std::min(next.value_or(task.not_before), task.not_before);
  }
  return next;
}

void TaskBoard::Begin(const TaskKey& key) {
  BoardTask& task = tasks_.at(key);
  task.phase = TaskReport::RUNNING;
  ++task.attempts;
  task.detail.clear();
}

void TaskBoard::Defer(const TaskKey& key, MonotonicTime until, const std::string& why) {
  BoardTask& task = tasks_.at(key);
  task.phase = TaskReport::WAITING;
  task.not_before = until;
  task.detail = LastWords(why);
}

void TaskBoard::Done(const TaskKey& key, const std::string& detail) {
  Finish(key, TaskReport::DONE, detail);
}

bool TaskBoard::Failed(const TaskKey& key, const std::string& detail, MonotonicTime now,
                       double unit) {
  const BoardTask& task = tasks_.at(key);
  if (task.attempts > rules_.retries) {
    FailedForGood(key, detail);
    return false;
  }
  const Duration ceiling =
      std::min<Duration>(kMostWait, kFirstWait * (1 << std::clamp(task.attempts, 1U, 6U)) / 2);
  Defer(key, now + FromSeconds(Seconds(ceiling) * (0.5 + unit / 2)), detail);
  return true;
}

void TaskBoard::FailedForGood(const TaskKey& key, const std::string& detail) {
  Finish(key, TaskReport::FAILED, detail);
}

void TaskBoard::Finish(const TaskKey& key, TaskPhase phase, const std::string& detail) {
  BoardTask& task = tasks_.at(key);
  order_.erase(task.order);
  task.phase = phase;
  task.detail = LastWords(detail);
  if (key.origin.empty()) tasks_.erase(key);
}

const BoardTask* TaskBoard::Find(const TaskKey& key) const {
  const auto at = tasks_.find(key);
  return at == tasks_.end() ? nullptr : &at->second;
}

bool TaskBoard::IsBusy(const std::string& site, bool own) const {
  return std::any_of(order_.begin(), order_.end(), [&](const auto& entry) {
    const TaskKey& key = entry.second;
    return (!own || key.origin.empty()) && tasks_.at(key).site == site;
  });
}

bool TaskBoard::IsWanted(const std::string& site) const {
  return std::any_of(order_.begin(), order_.end(), [&](const auto& entry) {
    const BoardTask& task = tasks_.at(entry.second);
    return task.site == site && task.task.kind() == Task::INSTANTIATE;
  });
}

std::set<std::string> TaskBoard::Leaving() const {
  std::set<std::string> sites;
  for (const auto& [order, key] : order_) {
    const BoardTask& task = tasks_.at(key);
    if (task.task.kind() == Task::WITHDRAW) sites.insert(task.site);
  }
  return sites;
}

std::vector<TaskKey> TaskBoard::Held() const {
  std::vector<TaskKey> held;
  for (const auto& [order, key] : order_) {
    if (tasks_.at(key).held()) held.push_back(key);
  }
  return held;
}

TaskReports TaskBoard::Reports(const std::string& origin) const {
  TaskReports reports;
  for (auto at = tasks_.lower_bound({origin, 0}); at != tasks_.end(); ++at) {
    const auto& [key, task] = *at;
    if (key.origin != origin) break;
    TaskReport& report = reports.emplace_back();
    report.set_id(key.id);
    report.set_phase(task.phase);
    report.set_detail(task.detail);
    report.set_attempts(task.attempts);
  }
  return reports;
}

std::set<std::string> TaskBoard::origins() const {
  std::set<std::string> all;
  for (const auto& [key, task] : tasks_) all.insert(key.origin);
  return all;
}

}  // namespace dnsd::reporter

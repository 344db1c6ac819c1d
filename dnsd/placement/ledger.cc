#include "dnsd/placement/ledger.h"

#include <algorithm>
#include <utility>

namespace dnsd::placement {
namespace {

using Kind = Action::Kind;
using Phase = Action::Phase;
using TaskPhase = fleet::TaskReport::Phase;

constexpr const char* kLost = "the node is dead or gone";
constexpr const char* kNoHooks = "the node's reporter has no hooks any more";

// Whether what is seen is what the action is for.
bool IsReached(const Action& action, const Sight& sight) {
  const bool told_done = sight.report != nullptr && sight.report->phase == TaskPhase::kDone;
  switch (action.kind) {
    case Kind::kExpand:
    case Kind::kUpdate:
      // A version of 0 is not known.
      return sight.answers &&
             (sight.content_version == 0 || sight.content_version >= action.content_version);
    case Kind::kContract:
      return !sight.hosts;
    case Kind::kVerify:
      return told_done && sight.answers;
  }
  return false;
}

std::string NotSo(const Action& action, const Sight& sight) {
  if (action.kind == Kind::kContract) {
    return "the withdraw hook ended well, but the node still has the site";
  }
  if (!sight.hosts) return "the hook ended well, but the node has not got the site";
  if (!sight.answers) return "the hook ended well, but the site is not ready or not healthy there";
  return "the hook ended well, but the content is of version " +
         std::to_string(sight.content_version) + ", wanted " +
         std::to_string(action.content_version);
}

// Why the site cannot do without the replica; empty: it can.
std::string TooFew(const Sight& sight) {
  const std::size_t needed = std::max<std::size_t>(sight.least, 1);
  if (sight.others >= needed) return "";
  return "only " + std::to_string(sight.others) + " others are ready, wanted " +
         std::to_string(needed);
}

std::string DetailOf(const fleet::TaskReport& report) {
  constexpr const char* kPhases[] = {"waiting", "running", "done", "failed"};
  std::string text = kPhases[static_cast<std::size_t>(report.phase)];
  if (report.attempts > 1) text += ", attempt " + std::to_string(report.attempts);
  if (!report.detail.empty()) text += ": " + report.detail;
  return text;
}

}  // namespace

Ledger::Ledger(std::vector<Action> unfinished, std::uint64_t last_id, MonotonicTime now)
    : last_id_(last_id) {
  for (Action& action : unfinished) {
    const std::uint64_t id = action.id;
    last_id_ = std::max(last_id_, id);
    times_[id] = {.begun = now, .since = now, .known = true};
    in_hand_[{action.site, action.node}] = id;
    actions_.emplace(id, std::move(action));
  }
}

const Action& Ledger::Begin(Action action, MonotonicTime now, WallTime wall) {
  action.id = ++last_id_;
  action.phase = action.kind == Kind::kContract ? Phase::kLeaving : Phase::kWorking;
  action.begun = action.changed = wall;
  times_[action.id] = {.begun = now, .since = now, .changed = true};
  changed_.push_back(action.id);
  in_hand_[{action.site, action.node}] = action.id;
  return actions_.emplace(action.id, std::move(action)).first->second;
}

const Action* Ledger::Find(const std::string& site, const std::string& node) const {
  const auto at = in_hand_.find({site, node});
  return at == in_hand_.end() ? nullptr : &actions_.at(at->second);
}

bool Ledger::Undo(std::uint64_t id, const std::string& why, WallTime wall) {
  const auto at = actions_.find(id);
  if (at == actions_.end() || !CanUndo(at->second)) return false;
  Move(at->second, Phase::kUndone, why, times_[id].since, wall);
  return true;
}

void Ledger::Move(Action& action, Phase phase, const std::string& detail, MonotonicTime now,
                  WallTime wall) {
  action.phase = phase;
  action.detail = detail;
  action.changed = wall;
  Times& times = times_.at(action.id);
  if (!times.changed) changed_.push_back(action.id);
  const bool known = times.known || IsStored(action.id);
  times = {.begun = times.begun, .since = now, .known = known, .changed = true};
  if (action.is_over()) in_hand_.erase({action.site, action.node});
}

void Ledger::Judge(const Look& look, const LedgerLimits& limits, MonotonicTime now, WallTime wall) {
  for (auto& [id, action] : actions_) {
    if (action.is_over()) continue;
    const Sight sight = look(action);
    if (action.phase == Phase::kLeaving) {
      JudgeLeaving(action, sight, limits, now, wall);
    } else {
      JudgeWorking(action, sight, limits, now, wall);
    }
  }
}

// The replica can still be taken back into the answers: nothing has been dropped yet.
void Ledger::JudgeLeaving(Action& action, const Sight& sight, const LedgerLimits& limits,
                          MonotonicTime now, WallTime wall) {
  if (const std::string why = TooFew(sight); !why.empty()) {
    return Move(action, Phase::kUndone, why, now, wall);
  }
  if (sight.report != nullptr && sight.report->phase == TaskPhase::kFailed) {
    return Move(action, Phase::kFailed, sight.report->detail, now, wall);
  }
  if (sight.is_lost) return Move(action, Phase::kFailed, kLost, now, wall);
  Times& times = times_[action.id];
  if (!times.out && now >= times.begun + limits.task) {
    return Move(action, Phase::kFailed, "the node does not take it out of what it tells", now,
                wall);
  }
  if (!sight.is_known) return;
  if (!sight.obeys) return Move(action, Phase::kFailed, kNoHooks, now, wall);
  if (!sight.hosts) return Move(action, Phase::kDone, "gone by itself", now, wall);
  // Only then every other dnsd has left it out of its answers, too.
  const bool is_out = sight.hears && !sight.answers && sight.report != nullptr;
  times.out = is_out ? std::optional(times.out.value_or(now)) : std::nullopt;
  if (times.out && now >= *times.out + limits.grace) {
    Move(action, Phase::kWorking, "", now, wall);
  }
}

void Ledger::JudgeWorking(Action& action, const Sight& sight, const LedgerLimits& limits,
                          MonotonicTime now, WallTime wall) {
  Times& times = times_[action.id];
  if (sight.report != nullptr) action.detail = DetailOf(*sight.report);
  if (sight.report != nullptr && sight.report->phase == TaskPhase::kFailed) {
    return Move(action, Phase::kFailed, sight.report->detail, now, wall);
  }
  // Until its hook runs, a withdrawal can be taken back.
  const bool has_begun = sight.report != nullptr && sight.report->phase != TaskPhase::kWaiting;
  if (action.kind == Kind::kContract && !has_begun && (sight.hosts || !sight.is_known)) {
    if (const std::string why = TooFew(sight); !why.empty()) {
      return Move(action, Phase::kUndone, why, now, wall);
    }
  }
  // Its stream was lost, and with it the hold: the grace begins anew.
  if (action.kind == Kind::kContract && !has_begun && sight.is_known && sight.answers) {
    return Move(action, Phase::kLeaving, "", now, wall);
  }
  if (sight.is_known && !sight.obeys) {
    return Move(action, Phase::kFailed, kNoHooks, now, wall);
  }
  // A hook that still runs may yet change what is seen.
  const bool runs = sight.report != nullptr && sight.report->phase == TaskPhase::kRunning;
  if (sight.is_known && !runs && IsReached(action, sight))
    return Move(action, Phase::kDone, "", now, wall);
  if (sight.is_lost) return Move(action, Phase::kFailed, kLost, now, wall);
  const bool told_done = sight.report != nullptr && sight.report->phase == TaskPhase::kDone;
  if (!told_done) times.ended.reset();
  if (told_done && !times.ended) times.ended = now;
  if (times.ended && now >= *times.ended + limits.settle) {
    return Move(action, Phase::kFailed, NotSo(action, sight), now, wall);
  }
  if (now >= times.since + limits.task) {
    Move(action, Phase::kFailed, "no end in time; last: " + action.detail, now, wall);
  }
}

std::optional<Ledger::Changes> Ledger::TakeChanges() {
  if (changed_.empty()) return std::nullopt;
  Changes changes{++sequence_, {}};
  for (const std::uint64_t id : changed_) {
    const auto at = actions_.find(id);
    changes.actions.push_back(at->second);
    times_[id].sequence = sequence_;
    times_[id].changed = false;
    if (!at->second.is_over()) continue;
    times_.erase(id);
    actions_.erase(at);
  }
  changed_.clear();
  return changes;
}

// Whether the action is on the disk as it is now.
bool Ledger::IsStored(std::uint64_t id) const {
  const Times& times = times_.at(id);
  return !times.changed && times.sequence <= stored_;
}

std::map<std::string, std::vector<Ledger::Told>> Ledger::Tasks() const {
  std::map<std::string, std::vector<Told>> tasks;
  for (const auto& [id, action] : actions_) {
    if (action.is_over()) continue;
    const bool is_stored = IsStored(id);
    if (!is_stored && !times_.at(id).known) continue;
    tasks[action.node].push_back({&action, action.phase == Phase::kLeaving || !is_stored});
  }
  return tasks;
}

std::optional<MonotonicTime> Ledger::NextDeadline(const LedgerLimits& limits) const {
  std::optional<MonotonicTime> next;
  for (const auto& [id, action] : actions_) {
    if (action.is_over()) continue;
    const Times& times = times_.at(id);
    const MonotonicTime begun = action.phase == Phase::kLeaving ? times.begun : times.since;
    MonotonicTime due = times.out ? *times.out + limits.grace : begun + limits.task;
    if (times.ended) due = std::min(due, *times.ended + limits.settle);
    next = next ? std::min(*next, due) : due;
  }
  return next;
}

}  // namespace dnsd::placement

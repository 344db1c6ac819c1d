// The actions in hand: each is judged by what the nodes report, never by what they were told.
//
//   Begin ──> [ action action ... ] ──Judge(what is known)──> those that changed
//                      │
//                      └──TasksOf(node)──> what its reporter is to do
//
// An action is carried out once it is on disk, not before: so that a dnsd that is killed at any
// moment knows after its restart whatever a node may be doing for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/placement/action.h"
#include "dnsd/placement/marks.h"

namespace dnsd::placement {

// What is known of an action's replica, and of its node.
struct Sight {
  bool is_known = true;  // the node has reported in this life of dnsd
  bool is_lost = false;  // the node: dead beyond the grace time, or it has left
  bool obeys = true;     // the node has hooks for replicas
  bool hosts = false;    // it says that it has the site
  bool answers = false;  // and that it is ready and well
  bool hears = true;     // the node has a stream: `report` is of now
  bool is_home = false;  // and that its content is made there
  std::uint64_t content_version = 0;
  std::size_t others = 0;                     // ready replicas on other nodes that may answer
  std::size_t least = 0;                      // that the site must have
  const fleet::TaskReport* report = nullptr;  // how far the node is; null: it says nothing of it
};

struct LedgerLimits {
  Duration grace = std::chrono::seconds(30);  // Action::Phase::kLeaving
  Duration task = std::chrono::hours(1);      // from the start of kWorking
  Duration settle = std::chrono::minutes(2);  // from the hook's end until the node tells the same
};

// Pure: time is an argument. Of one thread.
class Ledger {
 public:
  // Goes on with `unfinished`, whose times begin anew. Ids go on after `last_id`.
  Ledger(std::vector<Action> unfinished, std::uint64_t last_id, MonotonicTime now);

  // Takes the action in, and gives it its id and its first phase. There must be none in hand for
  // its site and node.
  const Action& Begin(Action action, MonotonicTime now, WallTime wall);
  // The action in hand for the site at the node; null: none.
  const Action* Find(const std::string& site, const std::string& node) const;
  // Whether any action is in hand for the site.
  bool IsBusy(const std::string& site) const {
    const auto at = in_hand_.lower_bound({site, ""});
    return at != in_hand_.end() && at->first.first == site;
  }
  // Whether nothing can have been dropped of it yet: its node was told to hold it, at most.
  bool CanUndo(const Action& action) const {
    return action.phase == Action::Phase::kLeaving ||
           (action.kind == Action::Kind::kContract && action.phase == Action::Phase::kWorking &&
            !IsStored(action.id));
  }
  // Takes back such a contraction. False: it is none.
  bool Undo(std::uint64_t id, const std::string& why, WallTime wall);

  using Look = std::function<Sight(const Action&)>;
  // Takes every action as far as it has come.
  void Judge(const Look& look, const LedgerLimits& limits, MonotonicTime now, WallTime wall);

  // Those that have changed since the last call, those that are over included, which are then
  // forgotten; they are to be stored under `sequence`, which rises.
  struct Changes {
    std::uint64_t sequence = 0;
    std::vector<Action> actions;
  };
  std::optional<Changes> TakeChanges();
  // All up to `sequence` is on disk.
  void Stored(std::uint64_t sequence) { stored_ = sequence; }
  std::uint64_t stored() const { return stored_; }

  const std::map<std::uint64_t, Action>& actions() const { return actions_; }
  struct Told {
    const Action* action = nullptr;
    bool held = false;  // to be told as not ready, not to be begun
  };
  // By node, what its reporter is to know of: actions that are on the disk, in this phase or in
  // one before.
  std::map<std::string, std::vector<Told>> Tasks() const;
  // The action's node cannot be told of it yet: its time to end in has not begun.
  void Defer(std::uint64_t id, MonotonicTime now) {
    times_.at(id).begun = times_.at(id).since = now;
  }
  // Whether some change is not on the disk yet.
  bool has_unstored() const { return !changed_.empty() || sequence_ > stored_; }
  // When Judge next has something to do by time alone.
  std::optional<MonotonicTime> NextDeadline(const LedgerLimits& limits) const;

 private:
  // What is known of an action beside what is stored.
  struct Times {
    MonotonicTime begun{};               // in this life of dnsd
    MonotonicTime since{};               // in this phase
    std::optional<MonotonicTime> out{};  // of kLeaving: the node tells it as not ready, since then
    bool known = false;                  // the phase before this one is on the disk
    bool changed = false;                // it is in changed_
    std::optional<MonotonicTime> ended{};  // the hook said so
    std::uint64_t sequence = 0;            // of the changes that it was last in; 0: in none yet
  };

  bool IsStored(std::uint64_t id) const;
  void Move(Action& action, Action::Phase phase, const std::string& detail, MonotonicTime now,
            WallTime wall);
  void JudgeLeaving(Action& action, const Sight& sight, const LedgerLimits& limits,
                    MonotonicTime now, WallTime wall);
  void JudgeWorking(Action& action, const Sight& sight, const LedgerLimits& limits,
                    MonotonicTime now, WallTime wall);

  std::map<std::uint64_t, Action> actions_;      // by id
  std::map<SiteAtNode, std::uint64_t> in_hand_;  // those that are not over
  std::map<std::uint64_t, Times> times_;         // likewise
  std::vector<std::uint64_t> changed_;           // since TakeChanges; in order, each once
  std::uint64_t last_id_;
  std::uint64_t sequence_ = 0;
  std::uint64_t stored_ = 0;
};

}  // namespace dnsd::placement

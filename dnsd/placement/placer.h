// Placement as the control loop runs it: samples what is asked, decides each period, keeps the
// actions going, and says which replicas must not answer.
//
//   World ──Step──> SiteDemands ──(each period)──> Decide ──> Ledger ──> Tasks for the reporters
//                   Freshness ─────> updates ─────────────────^  └──> what is to be stored
//                       └──> withheld <── contractions <─────────┘
//
// Used by the control thread alone; time is in the World.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/placement/action.h"
#include "dnsd/placement/drop_grants.h"
#include "dnsd/placement/facts.h"
#include "dnsd/placement/freshness.h"
#include "dnsd/placement/lead.h"
#include "dnsd/placement/ledger.h"
#include "dnsd/placement/marks.h"
#include "dnsd/placement/replica_times.h"
#include "dnsd/placement/settings.h"
#include "dnsd/placement/site_demands.h"

namespace dnsd::placement {

// What a restart needs to know.
struct StoredPlacement {
  std::vector<Action> unfinished{};
  std::uint64_t last_id = 0;  // of all actions that there ever were
  // Contractions that were done of late: what is stored of the hosting may be of before.
  std::vector<Action> contracted{};
  Marks marks{};
};

// What is to be written down, in the order of its sequence.
struct Unstored {
  std::uint64_t sequence = 0;
  std::vector<Action> actions;  // as they are now
  std::optional<Marks> marks;   // nothing: as they were
};

// An action that would be begun, or was not.
struct Proposal {
  Action::Kind kind = Action::Kind::kExpand;
  std::string site{};
  std::string node{};
  std::vector<std::string> sources{};
  std::string reason{};  // "demand"
  std::string why{};     // in words
};

// A site with fewer replicas than its least that is given no other.
struct Shortage {
  std::string site{};
  std::string why{};  // in words
};

// For status, metrics and the page. A value.
struct PlacementReport {
  Mode mode = Mode::kOff;
  Lead lead;                        // as the nodes say
  std::vector<Action> in_hand;      // by id
  std::vector<Action> recent;       // over, the newest first
  std::vector<Proposal> plan;       // of the last round, where decisions wait for an operator
  std::vector<Shortage> shortages;  // as the last round found them
  Marks marks;
  // By kind and phase: actions begun, and those over by how they ended.
  std::map<std::pair<Action::Kind, Action::Phase>, std::uint64_t> counts;
  std::uint64_t rounds = 0;
  std::size_t sites = 0;     // that the last round looked at
  std::size_t behind = 0;    // replicas behind their home
  std::size_t withheld = 0;  // replicas that may not answer
  double cpus_per_request = 0;
  std::string store_error{};  // of the last write; empty: fine

  // Whether decisions are carried out.
  bool decides() const { return mode == Mode::kAuto && lead.is_ours(); }
};

class Placer {
 public:
  static constexpr std::size_t kRecent = 100;

  // `pool_of` is called in Step and in what operators ask.
  Placer(Settings settings, StoredPlacement stored, PoolOf pool_of, MonotonicTime now);

  void SetSettings(Settings settings);
  const Settings& settings() const { return settings_; }

  // Whether Step takes `answered` in: once a second.
  bool IsSampleDue(MonotonicTime now) const {
    return settings_.mode != Mode::kOff && demands_.IsDue(now);
  }
  // One turn of the control loop. `answered`: see SiteDemands.
  void Step(const World& world, const std::vector<SiteDemands::Answered>& answered = {});
  // When Step next has something to do though nothing comes in; nothing: placement is off.
  std::optional<MonotonicTime> NextDeadline(MonotonicTime now) const;

  // What came of it, each once: lists of tasks for reporters, ...
  std::vector<std::pair<fleet::StreamId, fleet::Tasks>> TakeDirectives();
  // ... actions that have changed, as they have become, ...
  std::vector<Action> TakeNotes() { return std::exchange(notes_, {}); }
  // ... and what is to be stored.
  std::optional<Unstored> TakeUnstored();
  void Stored(std::uint64_t sequence) { ledger_.Stored(sequence); }
  // (site, node), rising: hosts that may not answer.
  const Withheld& withheld() const { return withheld_; }
  // As the nodes said at the last Step.
  const Lead& lead() const { return lead_; }

  // An operator's word. Errors tell what is wanted; then nothing is done.
  absl::StatusOr<Action> Expand(const World& world, const std::string& site,
                                const std::string& node, const std::string& why);
  absl::StatusOr<Action> Contract(const World& world, const std::string& site,
                                  const std::string& node, const std::string& why);
  // What a decision would be now.
  std::vector<Proposal> Plan(const World& world);
  // Sites that it does not help.
  const std::vector<Shortage>& shortages() const { return shortages_; }
  // Begins all of it.
  std::vector<Action> Apply(const World& world);
  // Whether that changed anything.
  absl::StatusOr<bool> Pin(const World& world, const std::string& site, const std::string& node,
                           bool pinned);
  absl::StatusOr<bool> Freeze(const World& world, const std::string& site, bool frozen);

  PlacementReport Report() const;

 private:
  Sight Look(const World& world, const Action& action) const;
  void NoteEvictions(const World& world);
  void Decide(const World& world);
  void Begin(const World& world, const Proposal& proposal, bool by_hand);
  const Action& BeginAction(const World& world, Action action);
  Facts Gather(const World& world);
  std::vector<Proposal> ProposalsOf(const Facts& facts, const World& world);
  void Update(const World& world);
  void Mend(const Facts& facts, const World& world);
  void RemakeNotWhole(const World& world);
  void Verify(const World& world);
  void FillVerification(const World& world);
  void UndoDecisions(const std::string& why, const std::string* site, WallTime wall);
  bool MayAnswer(const World& world, const std::string& site, fleet::NodeIndex index) const;
  std::size_t HostingAll(const World& world, const std::string& site, fleet::NodeIndex but) const;
  void TakeOver(std::vector<Action> changed, const World& world);
  void SetWithheld(const World& world);
  bool carries_out() const { return settings_.mode == Mode::kAuto && lead_.is_ours(); }
  bool IsStuck(MonotonicTime now) const;
  void LookWhoDecides(const World& world);
  bool IsGrantDue(MonotonicTime now) const;
  bool Counts(const World& world, const std::string& site, const fleet::Host& host) const;
  void Grant(const World& world);
  void Direct(const World& world);
  std::vector<std::string> SourcesFor(const World& world, const std::string& site,
                                      fleet::NodeIndex but) const;
  fleet::Task TaskOf(const World& world, const Ledger::Told& told) const;
  LedgerLimits Limits() const;
  // Actions of one kind that were begun within a minute.
  using Begun = std::deque<MonotonicTime>;
  bool MayBegin(Begun& begun, MonotonicTime now) const;

  Settings settings_;
  PoolOf pool_of_;
  SiteDemands demands_;
  Freshness freshness_;
  Ledger ledger_;
  Marks marks_;
  bool marks_changed_ = false;
  Bars bars_;
  ReplicaTimes times_;
  Withheld withheld_;
  Lead lead_;
  std::optional<MonotonicTime> unled_;  // since when it is not ours, in kAuto
  DropGrants grants_;
  MonotonicTime granted_;           // the last time
  bool grants_changed_ = true;      // by what operators say
  std::vector<Action> contracted_;  // before the start, by nodes that have not spoken since

  MonotonicTime decided_;                        // the last round
  MonotonicTime verified_;                       // the last time that replicas were looked over
  Begun begun_, upkeep_;                         // by decisions, and by updates and their like
  std::optional<MonotonicTime> unstored_since_;  // and nothing has been written since
  std::uint64_t stored_ = 0;                     // as of the last Step
  std::set<SiteAtNode> made_;           // expansions that were done, and have not been withdrawn
  std::vector<SiteAtNode> unverified_;  // to be looked over, from the last
  std::set<SiteAtNode> not_whole_;      // looked over, and to be made anew
  std::vector<Proposal> plan_;
  std::vector<Shortage> shortages_;
  std::size_t sites_ = 0;
  std::uint64_t rounds_ = 0;
  std::deque<Action> recent_;
  std::map<std::pair<Action::Kind, Action::Phase>, std::uint64_t> counts_;

  // What each node's reporter was told last, and on which stream.
  struct Told {
    fleet::StreamId stream = fleet::kNoStream;
    std::vector<fleet::Task> tasks;
    bool decides = false;
    Duration grace{};
    std::uint64_t evictions = 0;
    std::uint64_t boot = 0;
  };
  std::vector<Told> told_;  // by NodeIndex
  std::vector<std::pair<fleet::StreamId, fleet::Tasks>> directives_;
  std::vector<Action> notes_;
  std::vector<Unstored> unstored_;
};

}  // namespace dnsd::placement

// Placement in the control loop: the placer with what it reads, and where what comes of it goes.
//
//   fleet, hosting, pools ──> Placer ──> tasks ──> DirectiveSink ──> reporters
//                               │ ├────> changes ──> PlacementStore
//                               │ └────> what happened ──> Events
//                               └──────> withheld replicas ──> over the hosting that workers see
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/placement/placer.h"
#include "dnsd/placement/withholding.h"
#include "dnsd/server/control_parts.h"
#include "dnsd/server/site_orders.h"
#include "dnsd/server/site_pools.h"

namespace dnsd::server {

// What an operator asks of placement.
struct PlacementOrder {
  enum class Kind : std::uint8_t {
    kPlan,      // what a decision would be now
    kApply,     // begins it
    kExpand,    // of `site` onto `node`
    kContract,  // of `site` on `node`
    kPin,       // `site` stays on `node`
    kUnpin,
    kFreeze,  // no decision touches `site`
    kUnfreeze,
  };
  Kind kind = Kind::kPlan;
  std::string site{};
  std::string node{};
  std::string reason{};  // the operator's words, of kExpand and kContract
};
struct PlacementAnswer {
  std::vector<placement::Proposal> plan;       // of kPlan
  std::vector<placement::Shortage> shortages;  // likewise
  std::vector<placement::Action> actions;      // begun
  bool changed = false;                        // there was something to do
};

// Of the control thread.
class PlacementControl {
 public:
  // `parts.served` must be set.
  PlacementControl(const ControlParts& parts, MonotonicTime now);

  // One turn. Whether other replicas are withheld than before. `cpus_per_answer`: what the sessions
  // of an answer take.
  bool Step(fleet::Fleet& fleet, const SiteOrders& orders, double cpus_per_answer,
            fleet::DirectiveSink* sink, MonotonicTime now, WallTime wall);
  // `base` without the replicas that are withheld.
  std::shared_ptr<const fleet::HostingTable> Over(
      const std::shared_ptr<const fleet::HostingTable>& base) {
    return withholding_.Over(base, placer_.withheld());
  }
  // FailedPrecondition: placement is off, or what is asked cannot be; the reason says why.
  absl::StatusOr<PlacementAnswer> Order(const PlacementOrder& order, fleet::Fleet& fleet,
                                        const SiteOrders& orders, MonotonicTime now, WallTime wall);
  void SetSettings(const placement::Settings& settings) { placer_.SetSettings(settings); }
  std::optional<MonotonicTime> NextDeadline(MonotonicTime now) const {
    return placer_.NextDeadline(now);
  }
  std::shared_ptr<const placement::PlacementReport> Report() const;

 private:
  static placement::World WorldOf(const fleet::Fleet& fleet, const fleet::HostingTable& hosting,
                                  const SiteOrders& orders, MonotonicTime now, WallTime wall);
  absl::StatusOr<PlacementAnswer> Carry(const PlacementOrder& order, const placement::World& world);
  void TellLead();
  void PassOn(fleet::DirectiveSink* sink);

  const std::function<std::vector<std::pair<std::string, double>>()> answer_rates_;
  Published<answer::Served>* const served_;
  PlacementStore* const store_;  // null: nothing is written
  Events* const events_;         // null: nobody is told
  SitePools pools_;
  placement::Placer placer_;
  placement::Withholding withholding_;
  placement::Withheld withheld_;  // as of the last turn
};

}  // namespace dnsd::server

#include "dnsd/server/placement_metrics.h"

namespace dnsd::server {

using placement::Action;

void AddPlacement(const placement::PlacementReport& report, MetricFamilies& out) {
  out.Counter("dnsd_placement_actions_total", "Actions begun, and how they ended.");
  for (const auto& [which, count] : report.counts) {
    const auto& [kind, phase] = which;
    const char* outcome = phase == Action::Phase::kWorking ? "begun" : NameOf(phase);
    out.Add(count, {{"kind", NameOf(kind)}, {"outcome", outcome}});
  }
  out.Gauge("dnsd_placement_decides", "1 where most nodes name this dnsd as their decider.");
  out.Add(report.decides() ? 1.0 : 0.0);
  out.Gauge("dnsd_placement_in_hand", "Actions under way.");
  out.Add(static_cast<double>(report.in_hand.size()));
  out.Gauge("dnsd_placement_planned", "Decisions that wait for an operator.");
  out.Add(static_cast<double>(report.plan.size()));
  out.Gauge("dnsd_placement_short", "Sites below their least that no node can take, up to 100.");
  out.Add(static_cast<double>(report.shortages.size()));
  out.Gauge("dnsd_placement_behind", "Replicas behind their home's version.");
  out.Add(static_cast<double>(report.behind));
  out.Gauge("dnsd_placement_withheld", "Replicas that placement keeps out of the answers.");
  out.Add(static_cast<double>(report.withheld));
  out.Gauge("dnsd_placement_store_working", "1 unless actions cannot be stored.");
  out.Add(report.store_error.empty() ? 1.0 : 0.0);
}

}  // namespace dnsd::server

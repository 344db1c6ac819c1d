// What operators order, as the controller carries it out.
#include <utility>

#include "dnsd/base/pattern.h"
#include "dnsd/server/controller.h"
#include "dnsd/server/time_text.h"

namespace dnsd::server {
namespace {

// "drain until 2026-03-01T12:00:00Z: new disk", "drain taken back"
Event EventOf(const SiteKey& whom, const fleet::OrderChange& change) {
  const fleet::Order& order = change.order;
  Event event{.kind = Event::Kind::kOrder, .node = whom.node, .site = whom.site};
  if (order.kind == fleet::Order::Kind::kNone) {
    event.text = std::string(fleet::NameOf(change.taken_back)) + " taken back";
    return event;
  }
  event.text = fleet::NameOf(order.kind);
  if (order.end) event.text += " until " + TimeText(order.end->wall);
  if (!order.reason.empty()) event.text += ": " + order.reason;
  return event;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Controller::SetOrder(
    const std::vector<std::string>& patterns, const fleet::OrderChange& change, MonotonicTime now) {
  const auto& nodes = fleet_.nodes();
  std::vector<bool> meant(nodes.size());
  for (const std::string& pattern : patterns) {
    bool any = false;
    for (fleet::NodeIndex i = 0; i < nodes.size(); ++i) {
      if (!MatchesPattern(nodes[i].name, pattern)) continue;
      meant[i] = any = true;
    }
    if (!any) return absl::NotFoundError("no node matches '" + pattern + "'; nothing is changed");
  }
  CountAnswers(now);
  std::vector<std::string> names;
  for (fleet::NodeIndex i = 0; i < nodes.size(); ++i) {
    const bool takes_back = change.order.kind == fleet::Order::Kind::kNone;
    if (!meant[i] || (takes_back && nodes[i].order.kind != change.taken_back)) continue;
    fleet_.SetOrder(i, change.order, now);
    Tell(EventOf(SiteKey{"", nodes[i].name}, change));
    names.push_back(nodes[i].name);
  }
  if (names.empty()) return names;
  PassOutcomeOn();
  Publish(now);
  Report(now);
  unsaved_ = true;
  Save(now);
  return names;
}

std::vector<SiteKey> Controller::SetSiteOrders(const std::vector<SiteKey>& keys,
                                               const fleet::OrderChange& change,
                                               MonotonicTime now) {
  std::vector<SiteKey> changed;
  for (const SiteKey& key : keys) {
    if (!site_orders_.Set(key, change)) continue;
    Tell(EventOf(key, change));
    changed.push_back(key);
  }
  if (changed.empty()) return changed;
  CountAnswers(now);
  Publish(now);
  Report(now);
  unsaved_ = true;
  Save(now);
  return changed;
}

// Whether any is over.
bool Controller::EndSiteOrders(MonotonicTime now) {
  const std::vector<SiteOrder> ended = site_orders_.End(now);
  for (const SiteOrder& order : ended) {
    Tell({.kind = Event::Kind::kOrder,
          .node = order.key.node,
          .site = order.key.site,
          .text = std::string(fleet::NameOf(order.order.kind)) + " is over"});
  }
  return !ended.empty();
}

void Controller::RestoreSiteOrders(const std::vector<SiteOrder>& stored, MonotonicTime now,
                                   WallTime wall) {
  for (SiteOrder order : stored) {
    if (order.order.end) order.order.end->at = now + (order.order.end->wall - wall);
    site_orders_.Set(order.key, {order.order, {}});
  }
}

}  // namespace dnsd::server

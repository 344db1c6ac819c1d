#include "dnsd/server/sites_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dnsd/answer/explain.h"
#include "dnsd/server/explain_words.h"
#include "dnsd/server/order_json.h"
#include "dnsd/server/site_names.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;
using answer::ExplainedMember;
using answer::Explanation;
using wire::RrType;

// Makes the rows, one a site and type.
class Lister {
 public:
  Lister(const answer::Served& served, const answer::FleetView& fleet, const StatusReport& report)
      : explainer_(served, fleet) {
    for (const NodeStatus& node : report.nodes) nodes_.emplace(node.name, &node);
    for (const SiteOrder& order : report.site_orders) orders_.emplace(order.key, &order.order);
  }

  void Add(const wire::Name& name, RrType type) {
    const IpAddress nobody = *IpAddress::Parse(type == RrType::kA ? "127.0.0.1" : "::1");
    const Explanation site = explainer_.Explain(name, type, nobody);
    if (site.members.empty()) return;
    const std::string text = name.ToString();
    Json answers = Json::array();
    for (const std::size_t place : site.chosen) {
      answers.push_back(site.members[place].address.ToString());
    }
    Json members = Json::array();
    for (const ExplainedMember& member : site.members) {
      members.push_back(MemberJson(member, OrderOf({text, member.node})));
    }
    rows_.push_back({{"name", text},
                     {"type", type == RrType::kA ? "A" : "AAAA"},
                     {"zone", site.zone},
                     {"policy", NameOf(site.options.policy)},
                     {"outcome", NameOf(site.kind)},
                     {"decided_by", NameOf(site.rule)},
                     {"order", OrderOf({text, ""})},
                     {"answer", std::move(answers)},
                     {"members", std::move(members)}});
  }

  Json TakeRows() { return std::move(rows_); }

 private:
  Json OrderOf(const SiteKey& key) const {
    const auto order = orders_.find(key);
    return order == orders_.end() ? Json(nullptr) : OrderJson(*order->second);
  }

  Json MemberJson(const ExplainedMember& member, Json order) const {
    Json json{{"address", member.address.ToString()},
              {"node", nullptr},
              {"state", nullptr},
              {"standing", answer::NameOf(member.standing)},
              {"order", nullptr}};
    if (member.node.empty()) return json;
    json["order"] = std::move(order);
    json["node"] = member.node;
    const auto node = nodes_.find(member.node);
    if (node != nodes_.end()) json["state"] = fleet::NameOf(node->second->state);
    return json;
  }

  answer::Explainer explainer_;
  std::unordered_map<std::string_view, const NodeStatus*> nodes_;  // borrows the report's names
  std::map<SiteKey, const fleet::Order*> orders_;                  // borrows likewise
  Json rows_ = Json::array();
};

}  // namespace

std::string SitesJson(const std::vector<std::string>& patterns, const answer::Served& served,
                      const answer::FleetView& fleet, const StatusReport& report,
                      std::size_t most) {
  const SiteNames sites = FindSites(patterns, served, *fleet.hosting, most);
  Lister lister(served, fleet, report);
  for (const wire::Name& name : sites.names) {
    for (const RrType type : {RrType::kA, RrType::kAaaa}) lister.Add(name, type);
  }
  const Json json{{"more", sites.more}, {"sites", lister.TakeRows()}};
  // Node names come from reporters: what is not UTF-8 is replaced, never thrown at.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dnsd::server

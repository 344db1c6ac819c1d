#include "dnsd/server/overview_sites.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "dnsd/answer/explain.h"
#include "dnsd/base/pattern.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;
using answer::Explanation;
using wire::RrType;

constexpr std::size_t kMembersShown = 16;  // of a site

// Without the final dot, as patterns are written.
std::string Bare(std::string name) {
  if (name.size() > 1) name.pop_back();
  return name;
}

bool HasPool(const zone::Zone& zone, const zone::Node& node) {
  const auto rrsets = zone.rrsets(node);
  return std::any_of(rrsets.begin(), rrsets.end(), [](const zone::Rrset& rrset) {
    return (rrset.type == RrType::kA || rrset.type == RrType::kAaaa) && rrset.pool != zone::kNoPool;
  });
}

class Collector {
 public:
  Collector(const std::string& pattern, std::size_t most) : pattern_(pattern), most_(most) {}

  bool is_full() const { return found_.more; }
  void Take(const std::string& name) {
    if (!pattern_.empty() && !MatchesPattern(Bare(name), pattern_)) return;
    if (found_.names.size() == most_) {
      found_.more = true;
    } else {
      found_.names.push_back(name);
    }
  }
  SiteNames Found() {
    std::sort(found_.names.begin(), found_.names.end());
    found_.names.erase(std::unique(found_.names.begin(), found_.names.end()), found_.names.end());
    return std::move(found_);
  }

 private:
  const std::string& pattern_;
  const std::size_t most_;
  SiteNames found_;
};

struct Row {
  Json json;
  bool chosen = false;
  double rate = 0;
};

Row MemberRow(const answer::ExplainedMember& member, bool chosen, const StatusReport& report,
              const SiteActivity::Site* activity) {
  Row row{.json = {{"address", member.address.ToString()},
                   {"node", nullptr},
                   {"state", nullptr},
                   {"standing", answer::NameOf(member.standing)}},
          .chosen = chosen};
  if (!member.node.empty()) row.json["node"] = member.node;
  const auto node =
      std::find_if(report.nodes.begin(), report.nodes.end(),
                   [&](const NodeStatus& status) { return status.name == member.node; });
  if (node != report.nodes.end()) row.json["state"] = fleet::NameOf(node->state);
  std::uint64_t answers = 0;
  if (activity != nullptr) {
    const auto count = activity->members.find(member.address);
    if (count != activity->members.end()) {
      row.rate = count->second.rate;
      answers = count->second.answers;
    }
  }
  row.json["answers"] = answers;
  row.json["rate"] = row.rate;
  row.json["next"] = chosen;
  return row;
}

void AddRows(const Explanation& site, const StatusReport& report,
             const SiteActivity::Site* activity, std::vector<Row>& rows) {
  for (std::size_t i = 0; i < site.members.size(); ++i) {
    const bool chosen = std::find(site.chosen.begin(), site.chosen.end(), i) != site.chosen.end();
    rows.push_back(MemberRow(site.members[i], chosen, report, activity));
  }
}

}  // namespace

SiteNames FindSites(const answer::Served& served, const answer::FleetView& fleet,
                    const std::string& pattern, std::size_t most) {
  Collector collector(pattern, most);
  for (const auto& zone : served.zones.zones()) {
    for (const zone::Node& node : zone->nodes()) {
      if (collector.is_full()) break;
      if (HasPool(*zone, node)) collector.Take(zone->name(node).ToString());
    }
  }
  fleet.hosting->ForEach([&](std::span<const std::uint8_t> name, const auto&) {
    if (!collector.is_full()) collector.Take(wire::NameToString(name));
  });
  return collector.Found();
}

Json SiteJson(const std::string& text, const answer::Served& served, const answer::FleetView& fleet,
              const StatusReport& report, const SiteActivity::Site* activity) {
  const auto name = wire::Name::Parse(text);
  if (!name) return nullptr;
  std::vector<Row> rows;
  bool answered = true;
  for (const auto& [type, client] : {std::pair{RrType::kA, "127.0.0.1"}, {RrType::kAaaa, "::1"}}) {
    const Explanation site = answer::Explain(served, fleet, *name, type, *IpAddress::Parse(client));
    answered = answered && site.kind != Explanation::Kind::kNoData;
    AddRows(site, report, activity, rows);
  }
  if (rows.empty()) return nullptr;
  Json json{{"name", Bare(text)},
            {"rate", activity == nullptr ? 0 : activity->all.rate},
            {"answers", activity == nullptr ? 0 : activity->all.answers},
            {"answered", answered},
            {"pool", rows.size()}};
  const auto usable = std::count_if(rows.begin(), rows.end(), [](const Row& row) {
    return row.json["standing"] == "chosen" || row.json["standing"] == "candidate";
  });
  json["usable"] = usable;
  if (rows.size() > kMembersShown) {
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return std::pair(a.chosen, a.rate) > std::pair(b.chosen, b.rate);
    });
    rows.resize(kMembersShown);
  }
  json["members"] = Json::array();
  for (Row& row : rows) json["members"].push_back(std::move(row.json));
  return json;
}

}  // namespace dnsd::server

#include "dnsd/server/overview_sites.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;
using answer::ExplainedMember;
using answer::Explanation;
using answer::Standing;
using wire::RrType;

constexpr std::size_t kMembersShown = 16;  // of a site

// Without the final dot, as patterns are written.
std::string Bare(std::string name) {
  if (name.size() > 1) name.pop_back();
  return name;
}

bool CanAnswer(const ExplainedMember& member) {
  return member.standing == Standing::kChosen || member.standing == Standing::kCandidate;
}

SiteActivity::Count GivenOf(const SiteActivity::Site* activity, const IpAddress& address) {
  if (activity == nullptr) return {};
  const auto count = activity->members.find(address);
  return count == activity->members.end() ? SiteActivity::Count() : count->second;
}

}  // namespace

SiteRows::SiteRows(std::shared_ptr<const answer::Served> served,
                   std::shared_ptr<const answer::FleetView> fleet,
                   std::shared_ptr<const StatusReport> report)
    : served_(std::move(served)),
      fleet_(std::move(fleet)),
      report_(std::move(report)),
      explainer_(*served_, *fleet_) {
  states_.reserve(report_->nodes.size());
  for (const NodeStatus& node : report_->nodes) states_.emplace(node.name, node.state);
}

std::string_view SiteRows::StateOf(const std::string& node) const {
  const auto state = states_.find(node);
  return state == states_.end() ? std::string_view() : fleet::NameOf(state->second);
}

Json SiteRows::ToJson(const Member& member) const {
  Json json{{"address", member.told.address.ToString()},
            {"node", nullptr},
            {"state", nullptr},
            {"standing", answer::NameOf(member.told.standing)},
            {"answers", member.given.answers},
            {"rate", member.given.rate},
            {"next", member.told.standing == Standing::kChosen}};
  if (!member.told.node.empty()) json["node"] = member.told.node;
  const std::string_view state = StateOf(member.told.node);
  if (!state.empty()) json["state"] = state;
  return json;
}

Json SiteRows::RowOf(const wire::Name& name, const SiteActivity::Site* activity) {
  static const IpAddress kClients[] = {*IpAddress::Parse("127.0.0.1"), *IpAddress::Parse("::1")};
  std::vector<Member> members;
  bool answered = true;
  double given = activity == nullptr ? 0 : activity->other_members.rate;
  for (const auto& [type, client] :
       {std::pair{RrType::kA, &kClients[0]}, {RrType::kAaaa, &kClients[1]}}) {
    Explanation site = explainer_.Explain(name, type, *client);
    answered = answered && site.kind != Explanation::Kind::kNoData;
    for (ExplainedMember& member : site.members) {
      const SiteActivity::Count its = GivenOf(activity, member.address);
      given += its.rate;
      members.push_back({std::move(member), its});
    }
  }
  if (members.empty()) return nullptr;
  const auto usable = std::count_if(members.begin(), members.end(),
                                    [](const Member& member) { return CanAnswer(member.told); });
  Json json{{"name", Bare(name.ToString())},
            {"rate", activity == nullptr ? 0 : activity->all.rate},
            {"answers", activity == nullptr ? 0 : activity->all.answers},
            {"answered", answered},
            {"pool", members.size()},
            {"usable", usable},
            {"given_rate", given},
            {"members", Json::array()}};
  if (members.size() > kMembersShown) {
    const auto key = [](const Member& member) {
      return std::pair(member.told.standing == Standing::kChosen, member.given.rate);
    };
    std::stable_sort(members.begin(), members.end(),
                     [&](const Member& a, const Member& b) { return key(a) > key(b); });
    members.erase(members.begin() + kMembersShown, members.end());
  }
  for (const Member& member : members) json["members"].push_back(ToJson(member));
  return json;
}

}  // namespace dnsd::server

#include "dnsd/server/placement_json.h"

#include <nlohmann/json.hpp>

#include "dnsd/server/time_text.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;
using placement::Action;
using placement::Proposal;

Json ActionJson(const Action& action) {
  return {{"id", action.id},
          {"kind", NameOf(action.kind)},
          {"phase", NameOf(action.phase)},
          {"site", action.site},
          {"node", action.node},
          {"sources", action.sources},
          {"content_version", action.content_version},
          {"bytes", action.bytes},
          {"by_hand", action.by_hand},
          {"why", action.why},
          {"begun", TimeText(action.begun)},
          {"changed", TimeText(action.changed)},
          {"detail", action.detail}};
}

Json ActionsJson(const std::vector<Action>& actions) {
  Json list = Json::array();
  for (const Action& action : actions) list.push_back(ActionJson(action));
  return list;
}

Json PlanJson(const std::vector<Proposal>& plan) {
  Json list = Json::array();
  for (const Proposal& proposal : plan) {
    list.push_back({{"kind", NameOf(proposal.kind)},
                    {"site", proposal.site},
                    {"node", proposal.node},
                    {"sources", proposal.sources},
                    {"reason", proposal.reason},
                    {"why", proposal.why}});
  }
  return list;
}

Json ShortagesJson(const std::vector<placement::Shortage>& shortages) {
  Json list = Json::array();
  for (const auto& [site, why] : shortages) list.push_back({{"site", site}, {"why", why}});
  return list;
}

// By kind: how many were begun, and how they ended.
Json CountsJson(const placement::PlacementReport& report) {
  Json counts = Json::object();
  for (const Action::Kind kind : {Action::Kind::kExpand, Action::Kind::kContract,
                                  Action::Kind::kUpdate, Action::Kind::kVerify}) {
    Json& of_kind = counts[NameOf(kind)];
    for (const Action::Phase phase : {Action::Phase::kWorking, Action::Phase::kDone,
                                      Action::Phase::kFailed, Action::Phase::kUndone}) {
      const auto at = report.counts.find({kind, phase});
      const char* name = phase == Action::Phase::kWorking ? "begun" : NameOf(phase);
      of_kind[name] = at == report.counts.end() ? 0 : at->second;
    }
  }
  return counts;
}

// Names come from reporters: what is not UTF-8 is replaced, never thrown at.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string PlacementJson(const placement::PlacementReport& report) {
  Json pinned = Json::array();
  for (const auto& [site, node] : report.marks.pinned) {
    pinned.push_back({{"site", site}, {"node", node}});
  }
  return Dump({{"mode", NameOf(report.mode)},
               {"decides", report.decides()},
               {"nodes", report.lead.nodes},
               {"named_by", report.lead.named},
               {"store_error", report.store_error},
               {"in_hand", ActionsJson(report.in_hand)},
               {"recent", ActionsJson(report.recent)},
               {"plan", PlanJson(report.plan)},
               {"short", ShortagesJson(report.shortages)},
               {"pinned", std::move(pinned)},
               {"frozen", report.marks.frozen},
               {"actions", CountsJson(report)},
               {"rounds", report.rounds},
               {"sites_looked_at", report.sites},
               {"replicas_behind", report.behind},
               {"replicas_withheld", report.withheld},
               {"cpus_per_request", report.cpus_per_request}});
}

std::string PlacementJson(const PlacementAnswer& answer) {
  return Dump({{"changed", answer.changed},
               {"plan", PlanJson(answer.plan)},
               {"short", ShortagesJson(answer.shortages)},
               {"actions", ActionsJson(answer.actions)}});
}

}  // namespace dnsd::server

#include "dnsd/server/explain_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dnsd/answer/explain.h"
#include "dnsd/server/explain_words.h"
#include "dnsd/server/load_json.h"
#include "dnsd/server/order_json.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;
using answer::ExplainedMember;
using answer::Explanation;

struct Question {
  wire::Name name;
  wire::RrType type = wire::RrType::kA;
  IpAddress client;
};

absl::StatusOr<Question> Read(const ExplainQuestion& text) {
  Question question;
  const auto name = wire::Name::Parse(text.name);
  if (text.name.empty() || !name) {
    return absl::InvalidArgumentError("name: found '" + text.name +
                                      "', wanted a domain name, as www.example.org");
  }
  question.name = *name;
  if (text.type == "AAAA" || text.type == "aaaa") {
    question.type = wire::RrType::kAaaa;
  } else if (!text.type.empty() && text.type != "A" && text.type != "a") {
    return absl::InvalidArgumentError("type: found '" + text.type +
                                      "', wanted A or AAAA: sites have no others");
  }
  const bool is_v4 = question.type == wire::RrType::kA;
  const auto client =
      IpAddress::Parse(text.client.empty() ? (is_v4 ? "127.0.0.1" : "::1") : text.client);
  if (!client) {
    return absl::InvalidArgumentError("client: found '" + text.client +
                                      "', wanted an address, as 192.0.2.1");
  }
  question.client = *client;
  return question;
}

template <typename Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// What an operator ordered for the site, at one node or (`node` empty) as a whole; null: nothing.
const fleet::Order* OrderOf(const StatusReport& report, const std::string& site,
                            const std::string& node) {
  for (const SiteOrder& order : report.site_orders) {
    if (order.key.site == site && order.key.node == node) return &order.order;
  }
  return nullptr;
}

std::string Told(const fleet::Order& order) {
  return fleet::NameOf(order.kind) + (order.reason.empty() ? "" : ": " + order.reason);
}

Json MemberJson(const Explanation& explanation, const ExplainedMember& member,
                const NodeStatus* node, const fleet::Order* order) {
  const std::string state = node == nullptr ? "" : fleet::NameOf(node->state);
  const std::string reason = node == nullptr ? "" : node->reason;
  Json json{{"address", member.address.ToString()},
            {"node", OrNull(member.node)},
            {"standing", answer::NameOf(member.standing)},
            {"why", WhyStanding(explanation, member, state, reason)},
            {"state", OrNull(state)},
            {"reason", OrNull(reason)},
            {"cost", OrNull(member.cost)},
            {"utilization", OrNull(member.load)},
            {"order", nullptr}};
  if (order != nullptr) {
    json["order"] = OrderJson(*order);
    if (member.standing == answer::Standing::kNotHosting) {
      json["standing"] = answer::NameOf(answer::Standing::kExcluded);
      json["why"] = "an operator's order for the site at this node: " + Told(*order);
    }
  }
  json["load"] = node == nullptr ? Json::object() : LoadToJson(node->load);
  json["locality"] = {{"source", answer::NameOf(member.source)},
                      {"closeness", member.closeness},
                      {"region", OrNull(member.region)},
                      {"kilometres", OrNull(member.kilometres)},
                      {"rtt_milliseconds", OrNull(member.milliseconds)}};
  return json;
}

Json PolicyJson(const Explanation& explanation) {
  const zone::SiteOptions& options = explanation.options;
  const bool by_locality = options.order == zone::Order::kLocality;
  const bool prefers_near = options.prefer == zone::Prefer::kLocality;
  return {{"policy", NameOf(options.policy)},
          {"order", by_locality ? "locality" : "cost"},
          {"prefer", prefers_near ? "locality" : "cost"},
          {"all_down", NameOf(options.all_down)},
          {"answers", OrNull(options.answers)},
          {"margin", OrNull(options.margin)}};
}

const NodeStatus* Find(const StatusReport& report, const std::string& node) {
  const auto at = std::find_if(report.nodes.begin(), report.nodes.end(),
                               [&](const NodeStatus& status) { return status.name == node; });
  return node.empty() || at == report.nodes.end() ? nullptr : &*at;
}

Json ToJson(const Question& question, const Explanation& explanation, const StatusReport& report) {
  const std::string name = question.name.ToString();
  Json json{{"name", name},
            {"type", question.type == wire::RrType::kA ? "A" : "AAAA"},
            {"client", question.client.ToString()},
            {"outcome", NameOf(explanation.kind)},
            {"why", WhyAnswered(explanation)},
            {"zone", OrNull(explanation.zone)},
            {"alias", OrNull(explanation.alias)}};
  if (explanation.members.empty()) return json;
  Json answers = Json::array();
  for (const std::size_t place : explanation.chosen) {
    answers.push_back(explanation.members[place].address.ToString());
  }
  json["answer"] = std::move(answers);
  json["ttl"] = explanation.ttl;
  json["scope"] = explanation.scope;
  json["decided_by"] = NameOf(explanation.rule);
  json["panic"] = explanation.panic;
  json["site"] = PolicyJson(explanation);
  json["order"] = nullptr;
  if (const fleet::Order* order = OrderOf(report, name, "")) {
    json["order"] = OrderJson(*order);
    json["why"] = json["why"].get<std::string>() + ": " + Told(*order);
  }
  json["client_region"] = OrNull(explanation.region);
  json["locality_source"] = answer::NameOf(explanation.source);
  json["members"] = Json::array();
  for (const ExplainedMember& member : explanation.members) {
    const fleet::Order* order = member.node.empty() ? nullptr : OrderOf(report, name, member.node);
    json["members"].push_back(MemberJson(explanation, member, Find(report, member.node), order));
  }
  return json;
}

}  // namespace

absl::StatusOr<std::string> ExplainJson(const ExplainQuestion& text, const answer::Served& served,
                                        const answer::FleetView& fleet,
                                        const StatusReport& report) {
  const auto question = Read(text);
  if (!question.ok()) return question.status();
  const Explanation explanation =
      answer::Explain(served, fleet, question->name, question->type, question->client);
  // Node names come from reporters: what is not UTF-8 is replaced, never thrown at.
  return ToJson(*question, explanation, report)
             .dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace dnsd::server

#include "dnsd/server/explain_words.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>

#include "dnsd/policy/method.h"

namespace dnsd::server {
namespace {

using answer::ExplainedMember;
using answer::Explanation;
using answer::Standing;
using policy::Method;

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

bool MayAnswer(const ExplainedMember& member) {
  return member.standing == Standing::kChosen || member.standing == Standing::kCandidate;
}

// What is said of those that may answer.
struct Field {
  std::size_t size = 0;
  std::optional<float> least;  // cost
};

Field FieldOf(const Explanation& explanation) {
  Field field;
  for (const ExplainedMember& member : explanation.members) {
    if (!MayAnswer(member)) continue;
    ++field.size;
    if (member.cost && (!field.least || *member.cost < *field.least)) field.least = member.cost;
  }
  return field;
}

// The margin within which costs are equal, as the policies have it by default.
float MarginOf(const zone::SiteOptions& options) {
  const bool is_cost =
      options.policy == zone::Policy::kLeastCost || options.policy == zone::Policy::kFailover;
  return options.margin.value_or(is_cost ? 0.1F : 0.0F);
}

std::string WhyCheapest(const Explanation& explanation, const ExplainedMember& member,
                        const Field& field) {
  const zone::SiteOptions& options = explanation.options;
  if (options.order == zone::Order::kLocality) {
    return "the nearest of " + std::to_string(field.size) + " (order: locality)";
  }
  if (options.prefer == zone::Prefer::kLocality) {
    return "the nearest of " + std::to_string(field.size) +
           " whose load is not too far above the others' (prefer: locality, spill " +
           Number(options.spill) + ")";
  }
  if (!member.cost || !field.least) {
    return "its cost is not known: it gets its part of the answers by turns";
  }
  const float limit = *field.least * (1 + MarginOf(options));
  std::size_t equals = 0;
  for (const ExplainedMember& other : explanation.members) {
    if (MayAnswer(other) && other.cost && *other.cost <= limit) ++equals;
  }
  const std::string of = " of " + std::to_string(field.size);
  if (equals <= 1) return "the least cost" + of + ": " + Number(*member.cost);
  return "the nearest, or the cheapest of those as near, of " + std::to_string(equals) +
         " whose cost is within " + Number(MarginOf(options)) + " of the least" + of + ": " +
         Number(*member.cost) + ", the least " + Number(*field.least);
}

std::string WhyChosen(const Explanation& explanation, const ExplainedMember& member) {
  const zone::SiteOptions& options = explanation.options;
  if (explanation.rule == Explanation::Rule::kPlain) {
    return "nobody reports of any member: all are given in rotation, as plain DNS would";
  }
  if (explanation.rule == Explanation::Rule::kAllDown) {
    return std::string("no member may answer, and all_down is ") + NameOf(options.all_down);
  }
  const Field field = FieldOf(explanation);
  std::string why;
  if (field.size == 1) {
    why = "the only member that may answer";
  } else {
    switch (policy::MethodOf(options.policy)) {
      case Method::kPrice:
        why = WhyCheapest(explanation, member, field);
        break;
      case Method::kTurns:
        why = "its turn among " + std::to_string(field.size);
        break;
      case Method::kRandom:
      case Method::kShare:
        why = "drawn by weight among " + std::to_string(field.size) + "; others get their parts";
        break;
      case Method::kHash:
        why = "the client's network falls to it among " + std::to_string(field.size);
        break;
    }
  }
  if (explanation.panic) why += "; so little is left that suspects count as usable";
  return why;
}

// Of one that may answer but does not.
std::string WhyNotChosen(const Explanation& explanation, const ExplainedMember& member) {
  const bool by_price = policy::MethodOf(explanation.options.policy) == Method::kPrice &&
                        explanation.options.order == zone::Order::kCost &&
                        explanation.options.prefer == zone::Prefer::kCost;
  if (!by_price) return "another comes first this time";
  const auto least = FieldOf(explanation).least;
  if (!member.cost || !least) return "its cost is not known; another comes first this time";
  if (*member.cost > *least * (1 + MarginOf(explanation.options))) {
    return "costs more: " + Number(*member.cost) + " against " + Number(*least);
  }
  return "costs no more than the margin allows, but another is nearer, cheaper or drawn";
}

}  // namespace

const char* NameOf(zone::Policy policy) {
  static constexpr const char* kNames[] = {
      "least_cost", "round_robin",   "random",         "weighted", "least_load", "quota",
      "wlc",        "memory_weight", "dynamic_weight", "hash",     "failover"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(zone::Policy::kFailover) + 1);
  return kNames[static_cast<std::size_t>(policy)];
}

const char* NameOf(zone::AllDown rule) {
  static constexpr const char* kNames[] = {"all", "last_good", "nodata", "servfail"};
  return kNames[static_cast<std::size_t>(rule)];
}

const char* NameOf(Explanation::Kind kind) {
  static constexpr const char* kNames[] = {"no_zone", "no_site", "nodata", "site", "servfail"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* NameOf(Explanation::Rule rule) {
  static constexpr const char* kNames[] = {"policy", "plain", "all_down", "order"};
  return kNames[static_cast<std::size_t>(rule)];
}

std::string WhyAnswered(const Explanation& explanation) {
  switch (explanation.kind) {
    case Explanation::Kind::kNoZone:
      return "no zone of this server contains the name: it is refused";
    case Explanation::Kind::kNoSite:
      if (!explanation.alias.empty()) return "an alias of " + explanation.alias + ": ask for that";
      return "no pool of this type stands at the name: it is answered from the zone as it stands";
    case Explanation::Kind::kNoData:
      if (explanation.rule == Explanation::Rule::kClosed) {
        return "an operator ordered that nobody answers for the site";
      }
      [[fallthrough]];
    case Explanation::Kind::kServFail:
      return std::string("no member may answer, and all_down is ") +
             NameOf(explanation.options.all_down);
    case Explanation::Kind::kSite:
      break;
  }
  return WhyChosen(explanation, explanation.members[explanation.chosen[0]]);
}

std::string WhyStanding(const Explanation& explanation, const ExplainedMember& member,
                        const std::string& state, const std::string& reason) {
  switch (member.standing) {
    case Standing::kChosen:
      return WhyChosen(explanation, member);
    case Standing::kCandidate:
      return WhyNotChosen(explanation, member);
    case Standing::kLastResort:
      return state + ": " + reason + "; answers only if nobody else can";
    case Standing::kExcluded:
      return state + ": " + reason;
    case Standing::kNotHosting:
      return "its node does not host the site now";
    case Standing::kPassedOver:
      break;
  }
  return "in a later group than members that may answer";
}

}  // namespace dnsd::server

// How each policy picks among the candidates that SiteChooser has collected.
#include <algorithm>
#include <limits>

#include "dnsd/answer/site_chooser.h"
#include "dnsd/policy/rendezvous.h"
#include "dnsd/policy/selection.h"
#include "dnsd/policy/shares.h"

namespace dnsd::answer {
namespace {

using policy::Candidate;
using policy::Method;
using Candidates = std::span<Candidate>;

// Gives those of whom nothing is known the mean of the others.
void FillUnknown(Candidates candidates) {
  float sum = 0;
  std::size_t known = 0;
  for (const Candidate& candidate : candidates) {
    if (candidate.cost < 0) continue;
    sum += candidate.cost;
    ++known;
  }
  if (known == candidates.size()) return;
  const float mean = known > 0 ? sum / static_cast<float>(known) : 1;
  for (Candidate& candidate : candidates) {
    if (candidate.cost < 0) candidate.cost = mean;
  }
}

// Rhee: connections that a node has memory for beyond what the fullest has, plus 1 or k; nothing
// for one that is exhausted.
void WeighMemory(Candidates candidates, float plus) {
  float least = std::numeric_limits<float>::infinity();
  for (const Candidate& candidate : candidates) {
    if (candidate.cost >= 0) least = std::min(least, candidate.cost);
  }
  for (Candidate& candidate : candidates) {
    if (candidate.cost >= 0) candidate.cost += plus - least;
    if (candidate.cost == policy::kExhausted) candidate.cost = 0;
  }
  FillUnknown(candidates);
}

// Applies `pick` to the nearest, then to the next nearest, until `count` are picked.
template <typename Pick>
std::size_t NearestFirst(Candidates candidates, std::size_t count, Pick pick) {
  for (std::size_t picked = 0; picked < count;) {
    const Candidates left = candidates.subspan(picked);
    const auto nearest = std::ranges::max(left, {}, &Candidate::closeness).closeness;
    const auto others = std::ranges::partition(
        left, [nearest](const Candidate& candidate) { return candidate.closeness == nearest; });
    const Candidates equals = left.first(left.size() - others.size());
    picked += pick(equals, std::min(equals.size(), count - picked));
  }
  return count;
}

}  // namespace

std::size_t SiteChooser::Pick(const SiteQuery& query, Method method, Candidates candidates,
                              std::size_t count) {
  const bool nearest_first = query.options.order == zone::Order::kLocality;
  switch (method) {
    case Method::kPrice:
      if (query.options.policy == zone::Policy::kWlc) Divide(query, candidates);
      return PickByPrice(query, candidates, count);
    case Method::kTurns:
      if (!GuardsDiffer(candidates)) return PickInTurn(query, candidates, count);
      break;
    case Method::kHash:
      if (!nearest_first) return PickByHash(query, candidates, count);
      return NearestFirst(candidates, count, [&](Candidates equals, std::size_t some) {
        return PickByHash(query, equals, some);
      });
    case Method::kRandom:
    case Method::kShare:
      break;
  }
  Weigh(query, candidates);
  if (!nearest_first) return PickByShare(query, candidates, count);
  const Candidates weighty = candidates.first(policy::KeepWeighty(candidates));
  return NearestFirst(
      weighty, std::min(count, weighty.size()),
      [&](Candidates equals, std::size_t some) { return PickByShare(query, equals, some); });
}

// Of members whose price is not known as many are answered as they are of the candidates: priced at
// the mean of the others they would be answered never, or always.
std::size_t SiteChooser::PickByPrice(const SiteQuery& query, Candidates candidates,
                                     std::size_t count) {
  const zone::SiteOptions& options = query.options;
  const bool is_cost =
      options.policy == zone::Policy::kLeastCost || options.policy == zone::Policy::kFailover;
  const policy::Preference preference{options.order == zone::Order::kLocality,
                                      options.margin.value_or(is_cost ? 0.1F : 0.0F)};
  std::size_t unknown = 0;
  for (const Candidate& candidate : candidates) unknown += candidate.cost < 0 ? 1U : 0U;
  if (unknown == 0 || unknown == candidates.size() || preference.locality_first) {
    if (unknown > 0) FillUnknown(candidates);
    policy::Select(candidates, count, preference, random_);
    return count;
  }
  const auto known = candidates.size() - unknown;
  std::ranges::partition(candidates, [](const Candidate& c) { return c.cost < 0; });
  FillUnknown(candidates);
  const float due = static_cast<float>(count * unknown) / static_cast<float>(candidates.size()) +
                    policy::SpreadPoint(NextTurn(query));
  const std::size_t of_known =
      std::min(known, count - std::min({unknown, count, static_cast<std::size_t>(due)}));
  const std::size_t of_unknown = count - of_known;
  policy::Select(candidates.first(unknown), of_unknown, preference, random_);
  policy::Select(candidates.subspan(unknown), of_known, preference, random_);
  for (std::size_t i = 0; i < of_known; ++i) {
    std::swap(candidates[of_unknown + i], candidates[unknown + i]);
  }
  return count;
}

// Round robin: the price is how many turns a candidate has to wait.
std::size_t SiteChooser::PickInTurn(const SiteQuery& query, Candidates candidates,
                                    std::size_t count) {
  const std::uint32_t turn = NextTurn(query);
  const auto size = static_cast<std::uint32_t>(candidates.size());
  for (std::uint32_t i = 0; i < size; ++i) {
    candidates[i].cost = static_cast<float>((i + size - turn % size) % size);
  }
  policy::Select(candidates, count, {query.options.order == zone::Order::kLocality, 0}, random_);
  return count;
}

std::size_t SiteChooser::PickByShare(const SiteQuery& query, Candidates candidates,
                                     std::size_t count) {
  if (query.options.policy == zone::Policy::kRandom) {
    return policy::DrawAtRandom(candidates, count, random_);
  }
  const std::uint32_t turn = NextTurn(query) + static_cast<std::uint32_t>(query.hash >> 32);
  return policy::DrawShares(candidates, count, policy::SpreadPoint(turn), policy::FirstPoint(turn));
}

std::size_t SiteChooser::PickByHash(const SiteQuery& query, Candidates candidates,
                                    std::size_t count) const {
  const std::uint64_t client =
      policy::HashOf(query.client.Masked(policy::HashedBits(query.client)).octets());
  FillUnknown(candidates);
  // Loads as they are: a guard must not raise the mean.
  for (Candidate& candidate : candidates) candidate.cost *= GuardOf(candidate);
  const float limit = policy::LoadLimit(candidates, query.options.bound);
  policy::PickGreatest(candidates, count, [&](const Candidate& candidate) {
    const std::uint64_t member = policy::HashOf(query.pool.address(candidate.member));
    return policy::RendezvousRank(policy::Affinity(client, member), candidate.cost > limit,
                                  GuardOf(candidate));
  });
  return count;
}

bool SiteChooser::GuardsDiffer(Candidates candidates) const {
  const float first = GuardOf(candidates[0]);
  return std::ranges::any_of(candidates,
                             [&](const Candidate& other) { return GuardOf(other) != first; });
}

// Connections by weights.
void SiteChooser::Divide(const SiteQuery& query, Candidates candidates) const {
  const zone::SiteOptions& options = query.options;
  const float* column = ColumnOf(options.weight_gauge);
  float least = std::numeric_limits<float>::infinity();
  float sum = 0;
  float known = 0;
  const auto weight_of = [&](const Candidate& candidate) {
    return candidate.node == fleet::kNoNode ? policy::kUnknown : column[candidate.node];
  };
  if (column != nullptr) {
    for (const Candidate& candidate : candidates) {
      const float weight = weight_of(candidate);
      if (weight < 0) continue;
      least = std::min(least, weight);
      sum += weight;
      ++known;
    }
  }
  const bool by_memory = options.weights_by == zone::WeightRule::kMemory && known > 0;
  const float beyond = by_memory ? options.memory_plus - least : 0;
  const float mean = known > 0 ? sum / known : 1 - beyond;
  for (Candidate& candidate : candidates) {
    float weight = served_->members.WeightOf(options.weights, query.pool.members[candidate.member]);
    if (column != nullptr) {
      const float dynamic = weight_of(candidate);
      if (dynamic == policy::kExhausted) {
        weight = 0;
      } else {
        weight *= (dynamic < 0 ? mean : dynamic) + beyond;
      }
    }
    if (candidate.cost < 0) continue;
    candidate.cost = weight > 0 ? candidate.cost / weight : std::numeric_limits<float>::max();
  }
}

// Turns what is known of the candidates into weights.
void SiteChooser::Weigh(const SiteQuery& query, Candidates candidates) const {
  const zone::SiteOptions& options = query.options;
  if (options.policy == zone::Policy::kMemoryWeight) {
    WeighMemory(candidates, options.memory_plus);
  } else {
    FillUnknown(candidates);
  }
  for (Candidate& candidate : candidates) candidate.cost *= GuardOf(candidate);
  if (options.weights == 0) return;
  for (Candidate& candidate : candidates) {
    candidate.cost *=
        served_->members.WeightOf(options.weights, query.pool.members[candidate.member]);
  }
}

// A and AAAA take turns apart: clients ask for both in turn.
std::uint32_t SiteChooser::NextTurn(const SiteQuery& query) {
  return turns_[(query.hash + query.pool.address_size) % turns_.size()]++;
}

}  // namespace dnsd::answer

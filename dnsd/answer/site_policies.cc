// How each policy picks among the candidates that SiteChooser has collected.
#include <algorithm>
#include <limits>

#include "dnsd/answer/site_chooser.h"
#include "dnsd/locality/exploration.h"
#include "dnsd/policy/rendezvous.h"
#include "dnsd/policy/selection.h"
#include "dnsd/policy/shares.h"

namespace dnsd::answer {
namespace {

using policy::Candidate;
using policy::Method;
using Candidates = std::span<Candidate>;

// Nobody as busy as that is answered with only to measure how far it is.
constexpr float kTooBusyToExplore = 0.8F;

// What the candidates have of a figure that not all may have; those without it get the mean.
class Known {
 public:
  void Add(float figure) {
    if (figure < 0) return;
    sum_ += figure;
    least_ = std::min(least_, figure);
    ++count_;
  }
  std::size_t count() const { return count_; }
  float mean(float of_none) const {
    return count_ > 0 ? sum_ / static_cast<float>(count_) : of_none;
  }
  float least() const { return count_ > 0 ? least_ : 0; }

 private:
  float sum_ = 0;
  float least_ = std::numeric_limits<float>::infinity();
  std::size_t count_ = 0;
};

Known Survey(Candidates candidates) {
  Known known;
  for (const Candidate& candidate : candidates) known.Add(candidate.cost);
  return known;
}

// A weight as a column has it, made ready: what all have is taken off and `plus` added where the
// weight is of memory, so that least is the least of the pool (Rhee).
float Ready(float figure, float mean, float beyond) {
  if (figure == policy::kExhausted) return 0;
  return (figure < 0 ? mean : figure) + beyond;
}

float At(std::span<const float> weights, AddressId member) {
  return member < weights.size() ? weights[member] : 1.0F;
}

// Applies `pick` to the nearest, then to the next nearest, until `count` are picked.
template <typename Pick>
Candidates NearestFirst(Candidates candidates, std::size_t count, Pick pick) {
  for (std::size_t picked = 0; picked < count;) {
    const Candidates left = candidates.subspan(picked);
    const auto nearest = std::ranges::max(left, {}, &Candidate::closeness).closeness;
    const auto others = std::partition(
        left.begin(), left.end(),
        [nearest](const Candidate& candidate) { return candidate.closeness == nearest; });
    const Candidates equals = left.first(static_cast<std::size_t>(others - left.begin()));
    const Candidates next = pick(equals, std::min(equals.size(), count - picked));
    std::swap_ranges(next.begin(), next.end(), left.begin());
    picked += next.size();
  }
  return candidates.first(count);
}

// The first stays; `pick` picks the others.
template <typename Pick>
Candidates AfterTheFirst(Candidates candidates, std::size_t count, Pick pick) {
  if (count > 1) {
    const Candidates left = candidates.subspan(1);
    const Candidates next = pick(left, count - 1);
    if (next.data() != left.data()) std::swap_ranges(next.begin(), next.end(), left.begin());
  }
  return candidates.first(count);
}

// Those whose weight is not 0; all if none is.
Candidates WithoutParked(Candidates candidates) {
  const auto parked = std::partition(
      candidates.begin(), candidates.end(),
      [](const Candidate& candidate) { return candidate.cost < policy::MemberTables::kNever; });
  if (parked == candidates.begin()) return candidates;
  return candidates.first(static_cast<std::size_t>(parked - candidates.begin()));
}

}  // namespace

Candidates SiteChooser::Pick(const SiteQuery& query, Method method, Candidates candidates,
                             std::size_t count) {
  const bool nearest_first = query.options.order == zone::Order::kLocality;
  const auto by_closeness = [&](auto pick) {
    if (!nearest_first) return pick(candidates, count);
    const auto nearest = [pick](Candidates some, std::size_t wanted) {
      return NearestFirst(some, wanted, pick);
    };
    const bool explores = Explores(query, Judge(query, candidates), candidates);
    return explores ? AfterTheFirst(candidates, count, nearest) : nearest(candidates, count);
  };
  switch (method) {
    case Method::kPrice:
      if (query.options.policy == zone::Policy::kWlc) Divide(query, candidates);
      return PickByPrice(query, candidates, count);
    case Method::kTurns:
      if (GuardsDiffer(candidates)) break;
      return by_closeness([turn = NextTurn(query)](Candidates some, std::size_t wanted) {
        return PickInTurn(some, wanted, turn);
      });
    case Method::kHash:
      return by_closeness(
          [&](Candidates some, std::size_t wanted) { return PickByHash(query, some, wanted); });
    case Method::kRandom:
    case Method::kShare:
      break;
  }
  Weigh(query, candidates);
  if (nearest_first) {
    candidates = candidates.first(policy::KeepWeighty(candidates));
    count = std::min(count, candidates.size());
  }
  return by_closeness([&, turn = NextTurn(query)](Candidates some, std::size_t wanted) {
    return PickByShare(query, some, wanted, turn);
  });
}

Candidates SiteChooser::PickByPrice(const SiteQuery& query, Candidates candidates,
                                    std::size_t count) {
  const zone::SiteOptions& options = query.options;
  const bool is_cost =
      options.policy == zone::Policy::kLeastCost || options.policy == zone::Policy::kFailover;
  const policy::Preference preference{options.order == zone::Order::kLocality,
                                      options.margin.value_or(is_cost ? 0.1F : 0.0F)};
  // Where the nearest come first a price alone keeps nobody out.
  if (preference.locality_first || options.prefer == zone::Prefer::kLocality) {
    candidates = WithoutParked(candidates);
    count = std::min(count, candidates.size());
  }
  const bool near = !preference.locality_first && options.prefer == zone::Prefer::kLocality;
  const auto pick = [&](Candidates some, std::size_t wanted) {
    return near ? PickNear(query, preference, some, wanted)
                : PickCheapest(query, preference, some, wanted);
  };
  const bool explores = Explores(query, Judge(query, candidates), candidates);
  return explores ? AfterTheFirst(candidates, count, pick) : pick(candidates, count);
}

// Whether this answer is to begin with a member to which nothing was measured from the client's
// prefix, or not for long, so that something will be: then it has been moved to the front. The more
// a prefix asks, the sooner all is known of it; of one that hardly asks nobody is sent astray.
bool SiteChooser::Explores(const SiteQuery& query, const Measured& measured,
                           Candidates candidates) {
  if (!measured.may_explore() || !query.may_explore) return false;
  const std::uint64_t random = random_.Next();
  if (!locality::IsExploring(served_->measured.explore, random)) return false;
  const auto found = nearness_.FindToMeasure(query.client, candidates, random);
  if (!found) return false;
  const std::size_t at = *found;
  if (candidates[at].cost >= policy::MemberTables::kNever) return false;
  if (LoadOf(candidates.subspan(at, 1)).load > kTooBusyToExplore) return false;
  std::swap(candidates[0], candidates[at]);
  stats_.explored.Add();
  return true;
}

// The nearest members as long as they are not much busier than the others (`prefer: locality`): of
// those whose turn it is the cheapest, then of those that are left.
Candidates SiteChooser::PickNear(const SiteQuery& query, const policy::Preference& preference,
                                 Candidates candidates, std::size_t count) {
  for (std::size_t picked = 0; picked < count;) {
    const Candidates left = candidates.subspan(picked);
    const Candidates group = NearOrSpilt(query, left);
    const Candidates next =
        PickCheapest(query, preference, group, std::min(group.size(), count - picked));
    if (next.data() != left.data()) std::swap_ranges(next.begin(), next.end(), left.begin());
    picked += next.size();
  }
  return candidates.first(count);
}

// The nearest group, or if this answer is one that spills, the nearest of the others, and so on.
// Moved to the front.
Candidates SiteChooser::NearOrSpilt(const SiteQuery& query, Candidates candidates) {
  // Not the sequence that PickMixed draws from: within a query two draws of one are not
  // independent.
  float point = policy::FirstPoint(NextTurn(query));
  for (Candidates some = candidates;; point = static_cast<float>(random_.Unit())) {
    const auto best = std::ranges::max(some, {}, &Candidate::closeness).closeness;
    const auto others =
        std::partition(some.begin(), some.end(),
                       [from = locality::AlikeFrom(best, served_->measured.margin_milliseconds)](
                           const Candidate& candidate) { return candidate.closeness >= from; });
    const auto near = static_cast<std::size_t>(others - some.begin());
    if (near == some.size()) return some;
    const float share = policy::SpillShare(LoadOf(some.first(near)), LoadOf(some.subspan(near)),
                                           query.options.spill);
    if (!(share > 0) || point >= share) return some.first(near);
    stats_.spilled.Add();
    std::rotate(some.begin(), others, some.end());
    some = some.first(some.size() - near);
  }
}

// With one more session each. A member that nobody reports of counts as an idle CPU.
policy::GroupLoad SiteChooser::LoadOf(std::span<const Candidate> group) const {
  policy::GroupLoad all{std::numeric_limits<float>::infinity(), 0};
  for (const Candidate& candidate : group) {
    float load = 0;
    float cpus = 1;
    if (candidate.node != fleet::kNoNode) {
      const policy::CostFigures& figures = fleet_->nodes[candidate.node].figures;
      load = figures.factor * policy::LoadWith(figures, sessions_[candidate.node]);
      cpus = figures.cpus;
    }
    all.load = std::min(all.load, load);
    all.headroom += cpus * std::max(0.0F, 1 - load);
  }
  return all;
}

Candidates SiteChooser::PickCheapest(const SiteQuery& query, const policy::Preference& preference,
                                     Candidates candidates, std::size_t count) {
  const float least = policy::LeastCost(candidates);
  if (least >= 0 && count == 1) {
    return candidates.subspan(policy::SelectOne(candidates, preference, least, random_), 1);
  }
  if (least >= 0) {
    policy::Select(candidates, count, preference, random_);
  } else {
    PickMixed(query, preference, candidates, count);
  }
  return candidates.first(count);
}

// Of members whose price is not known as many are answered as they are of the candidates: priced at
// the mean of the others they would be answered never, or always.
void SiteChooser::PickMixed(const SiteQuery& query, const policy::Preference& preference,
                            Candidates candidates, std::size_t count) {
  const auto is_unknown = [](const Candidate& candidate) { return candidate.cost < 0; };
  const Known known = Survey(candidates);
  const std::size_t unknown = candidates.size() - known.count();
  const bool mixed = known.count() > 0 && !preference.locality_first;
  if (mixed) std::partition(candidates.begin(), candidates.end(), is_unknown);
  for (Candidate& candidate : candidates) {
    if (is_unknown(candidate)) candidate.cost = known.mean(0);
  }
  if (!mixed) return policy::Select(candidates, count, preference, random_);
  const float due = static_cast<float>(count * unknown) / static_cast<float>(candidates.size()) +
                    policy::SpreadPoint(NextTurn(query));
  const std::size_t of_known =
      std::min(known.count(), count - std::min({unknown, count, static_cast<std::size_t>(due)}));
  const std::size_t of_unknown = count - of_known;
  policy::Select(candidates.first(unknown), of_unknown, preference, random_);
  policy::Select(candidates.subspan(unknown), of_known, preference, random_);
  for (std::size_t i = 0; i < of_known; ++i) {
    std::swap(candidates[of_unknown + i], candidates[unknown + i]);
  }
}

// Round robin: whoever's turn it is, and those after it in the order of the zone file.
Candidates SiteChooser::PickInTurn(Candidates candidates, std::size_t count, std::uint32_t turn) {
  const std::size_t start = turn % candidates.size();
  if (count == 1) return candidates.subspan(start, 1);
  std::rotate(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(start),
              candidates.end());
  return candidates.first(count);
}

Candidates SiteChooser::PickByShare(const SiteQuery& query, Candidates candidates,
                                    std::size_t count, std::uint32_t turn) {
  if (query.options.policy == zone::Policy::kRandom) {
    if (count == 1) {
      return candidates.subspan(policy::DrawOne(candidates, static_cast<float>(random_.Unit())), 1);
    }
    return candidates.first(policy::DrawAtRandom(candidates, count, random_));
  }
  turn += static_cast<std::uint32_t>(query.hash >> 32);  // sites that share a slot take turns apart
  const float point = policy::SpreadPoint(turn);
  if (count == 1) return candidates.subspan(policy::DrawOne(candidates, point), 1);
  return candidates.first(policy::DrawShares(candidates, count, point, policy::FirstPoint(turn)));
}

Candidates SiteChooser::PickByHash(const SiteQuery& query, Candidates candidates,
                                   std::size_t count) const {
  // Loads as they are: a guard must not raise the mean.
  float sum = 0;
  unsigned known = 0;
  for (Candidate& candidate : candidates) {
    if (candidate.node == fleet::kNoNode) continue;
    candidate.cost *= guards_[candidate.node];
    sum += candidate.cost;
    ++known;
  }
  const policy::LoadBound bound(known > 0 ? sum / static_cast<float>(known) : 0,
                                query.options.bound);
  const std::uint64_t client = policy::HashOfNetwork(query.client.address);
  const auto hashes = served_->members.hashes();
  const auto rank = [&](const Candidate& candidate) {
    const AddressId id = query.pool.members[candidate.member];
    const std::uint64_t member =
        id < hashes.size() ? hashes[id] : policy::HashOf(query.pool.address(candidate.member));
    const float kept = std::min(1.0F, bound.Kept(candidate.cost)) * GuardOf(candidate);
    return policy::RendezvousRank(policy::Affinity(client, member), kept);
  };
  if (count == 1) return candidates.subspan(policy::FindGreatest(candidates, rank), 1);
  policy::PickGreatest(candidates, count, rank);
  return candidates.first(count);
}

bool SiteChooser::GuardsDiffer(Candidates candidates) const {
  const float first = GuardOf(candidates[0]);
  return std::ranges::any_of(candidates,
                             [&](const Candidate& other) { return GuardOf(other) != first; });
}

// Connections by weights. A price that is not known stays so: below 0.
void SiteChooser::Divide(const SiteQuery& query, Candidates candidates) const {
  const zone::SiteOptions& options = query.options;
  const auto reciprocals = served_->members.ReciprocalsOf(options.weights);
  if (!reciprocals.empty()) {
    for (Candidate& candidate : candidates) {
      const float reciprocal = At(reciprocals, query.pool.members[candidate.member]);
      const bool is_never = reciprocal == policy::MemberTables::kNever;  // known or not
      candidate.cost = is_never ? reciprocal : candidate.cost * reciprocal;
    }
  }
  const float* column = options.weight_gauge == 0 ? nullptr : ColumnOf(options.weight_gauge);
  if (column == nullptr) return;
  const auto dynamic = [column](const Candidate& candidate) {
    return candidate.node == fleet::kNoNode ? policy::kUnknown : column[candidate.node];
  };
  Known known;
  for (const Candidate& candidate : candidates) known.Add(dynamic(candidate));
  const float beyond =
      options.weights_by == zone::WeightRule::kMemory ? options.memory_plus - known.least() : 0;
  for (Candidate& candidate : candidates) {
    const float weight = Ready(dynamic(candidate), known.mean(1), beyond);
    candidate.cost = weight > 0 ? candidate.cost / weight : policy::MemberTables::kNever;
  }
}

// Turns what is known of the candidates into weights.
void SiteChooser::Weigh(const SiteQuery& query, Candidates candidates) const {
  const zone::SiteOptions& options = query.options;
  const bool of_memory = options.policy == zone::Policy::kMemoryWeight;
  const float least = policy::LeastCost(candidates);
  if (least >= 0) {
    const float beyond = of_memory ? options.memory_plus - least : 0;
    for (Candidate& candidate : candidates) {
      candidate.cost = (candidate.cost + beyond) * guards_[candidate.node];
    }
  } else {
    const Known known = Survey(candidates);
    const float beyond = of_memory ? options.memory_plus - known.least() : 0;
    for (Candidate& candidate : candidates) {
      candidate.cost = Ready(candidate.cost, known.mean(1), beyond) * GuardOf(candidate);
    }
  }
  const auto weights = served_->members.WeightsOf(options.weights);
  if (weights.empty()) return;
  for (Candidate& candidate : candidates) {
    candidate.cost *= At(weights, query.pool.members[candidate.member]);
  }
}

std::uint32_t SiteChooser::NextTurn(const SiteQuery& query) { return turns_[SlotOf(query)]++; }

}  // namespace dnsd::answer

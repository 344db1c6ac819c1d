#include "dnsd/answer/site_chooser.h"

#include <algorithm>

namespace dnsd::answer {
namespace {

using policy::Candidate;

// Whether `node` hosts the site that `hosts` is about.
bool Hosts(bool declares_hosting, fleet::NodeIndex node, std::span<const fleet::Host> hosts) {
  if (hosts.empty()) return !declares_hosting;
  const auto at =
      std::lower_bound(hosts.begin(), hosts.end(), node,
                       [](const fleet::Host& h, fleet::NodeIndex n) { return h.node < n; });
  if (at != hosts.end() && at->node == node) return at->answers();
  return !declares_hosting;
}

IpAddress MemberAddress(const zone::Pool& pool, std::size_t member) {
  return *IpAddress::FromOctets(pool.address(member));
}

}  // namespace

void SiteChooser::Adopt(const Served& served) {
  served_ = &served;
  std::size_t longest = 1;
  for (const auto& zone : served.zones.zones()) {
    longest = std::max(longest, zone->longest_pool());
  }
  scratch_.resize(longest);
}

void SiteChooser::Adopt(const FleetView& fleet) {
  fleet_ = &fleet;
  answer_scale_ = worker_ < fleet.answer_scale.size() ? fleet.answer_scale[worker_] : 1.0F;
  hosting_ = fleet.hosting->empty() ? nullptr : fleet.hosting.get();
  prices_.resize(fleet.nodes.size());
  for (std::size_t i = 0; i < fleet.nodes.size(); ++i) {
    const NodeEntry& node = fleet.nodes[i];
    prices_[i] = {node.cost, node.figures.sessions, node.tier, node.declares_hosting};
  }
}

SiteAnswer SiteChooser::Choose(const SiteQuery& query) {
  stats_.site_answers.Add();
  bool managed = false;
  const Candidates candidates = Collect(query, managed);
  if (!managed) return Plain(query);
  if (candidates.empty()) return AllDown(query);
  policy::Preference preference{query.options.order == zone::Order::kLocality,
                                query.options.margin};
  if (query.options.policy == zone::Policy::kRoundRobin) {
    PriceInTurn(query, candidates);
    preference.margin = 0;
  } else {
    PriceUnmanaged(candidates);
  }
  const std::size_t count =
      std::min<std::size_t>(query.options.answers.value_or(1), candidates.size());
  return Finish(query, candidates, count, preference, query.options.ttl.value_or(0));
}

// The members that may answer: those usable, or if there are none the last resorts. `managed` tells
// whether any member's node has ever reported. Usable ones fill scratch_ from its front, last
// resorts from its back.
SiteChooser::Candidates SiteChooser::Collect(const SiteQuery& query, bool& managed) {
  const auto hosts = HostsOf(query);
  std::size_t usable = 0;
  std::size_t resorts = 0;
  for (std::uint32_t i = 0; i < query.pool.members.size(); ++i) {
    const fleet::NodeIndex node = fleet_->NodeOf(query.pool.members[i]);
    if (node == fleet::kNoNode) {
      scratch_[usable++] = {i, -1, 0};
      continue;
    }
    managed = true;
    const Price& price = prices_[node];
    if (price.tier == fleet::Tier::kExcluded || !Hosts(price.declares_hosting, node, hosts)) {
      continue;
    }
    if (price.tier == fleet::Tier::kUsable) {
      scratch_[usable++] = {i, price.cost, 0};
    } else {
      scratch_[scratch_.size() - ++resorts] = {i, price.cost, 0};
    }
  }
  if (usable > 0) return std::span(scratch_).first(usable);
  return std::span(scratch_).last(resorts);
}

// An unmanaged member counts as a node of mean cost.
void SiteChooser::PriceUnmanaged(Candidates candidates) {
  float sum = 0;
  std::size_t priced = 0;
  for (const Candidate& candidate : candidates) {
    if (candidate.cost < 0) continue;
    sum += candidate.cost;
    ++priced;
  }
  if (priced == candidates.size()) return;
  const float mean = priced > 0 ? sum / static_cast<float>(priced) : 0;
  for (Candidate& candidate : candidates) {
    if (candidate.cost < 0) candidate.cost = mean;
  }
}

// Round robin: the price is how many turns a candidate has to wait. A and AAAA take turns apart:
// clients ask for both in turn.
void SiteChooser::PriceInTurn(const SiteQuery& query, Candidates candidates) {
  const std::uint32_t turn = turns_[(query.hash + query.pool.address_size) % turns_.size()]++;
  const auto size = static_cast<std::uint32_t>(candidates.size());
  for (std::uint32_t i = 0; i < size; ++i) {
    candidates[i].cost = static_cast<float>((i + size - turn % size) % size);
  }
}

SiteChooser::Candidates SiteChooser::WholePool(const SiteQuery& query) {
  const std::size_t size = query.pool.members.size();
  const std::uint32_t start = random_.Below(static_cast<std::uint32_t>(size));
  for (std::uint32_t i = 0; i < size; ++i) {
    scratch_[i] = {static_cast<std::uint32_t>((start + i) % size), static_cast<float>(i), 0};
  }
  return std::span(scratch_).first(size);
}

// The members whose nodes were usable last, all others left out: of those that host the site if any
// does, however well the others are.
SiteChooser::Candidates SiteChooser::LastGood(const SiteQuery& query) {
  const auto hosts = HostsOf(query);
  const auto goodness = [&](fleet::NodeIndex node) -> std::uint64_t {
    if (node == fleet::kNoNode) return 0;
    const NodeEntry& entry = fleet_->nodes[node];
    return std::uint64_t{Hosts(entry.declares_hosting, node, hosts)} << 32 | entry.last_usable;
  };
  std::uint64_t best = 0;
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < query.pool.members.size(); ++i) {
    const std::uint64_t good = goodness(fleet_->NodeOf(query.pool.members[i]));
    if (good < best) continue;
    if (good > best) count = 0;
    best = good;
    scratch_[count] = {i, static_cast<float>(count), 0};
    ++count;
  }
  return std::span(scratch_).first(count);
}

// A pool no member of which has ever reported is served as plain DNS would: whole, in rotation,
// with the zone file's TTL, the members nearest to the client first.
SiteAnswer SiteChooser::Plain(const SiteQuery& query) {
  const Candidates all = WholePool(query);
  const std::size_t count =
      std::min<std::size_t>(query.options.answers.value_or(0xFFFF), all.size());
  return Finish(query, all, count, {.locality_first = true},
                query.options.ttl.value_or(query.rrset_ttl));
}

SiteAnswer SiteChooser::AllDown(const SiteQuery& query) {
  stats_.fail_open.Add();
  const std::uint32_t ttl = query.options.ttl.value_or(0);
  switch (query.options.all_down) {
    case zone::AllDown::kNoData:
      return {SiteAnswer::Kind::kNoData, {}, ttl, 0};
    case zone::AllDown::kServFail:
      return {SiteAnswer::Kind::kServFail, {}, ttl, 0};
    case zone::AllDown::kLastGood: {
      const Candidates latest = LastGood(query);
      return Finish(query, latest, latest.size(), {.locality_first = true}, ttl);
    }
    case zone::AllDown::kAll:
      break;
  }
  const Candidates all = WholePool(query);
  return Finish(query, all, all.size(), {.locality_first = true}, ttl);
}

SiteAnswer SiteChooser::Finish(const SiteQuery& query, Candidates candidates, std::size_t count,
                               const policy::Preference& preference, std::uint32_t ttl) {
  Judge(query, candidates);
  const std::uint8_t bits = query.scope_wanted ? BitsUsed(query, candidates) : std::uint8_t{0};
  policy::Select(candidates, count, preference, random_);
  const auto chosen = candidates.first(count);
  Count(query, chosen);
  return {SiteAnswer::Kind::kMembers, chosen, ttl, bits};
}

// Every client that shares this many bits is in the same lists, and as far from each candidate:
// one bit past the longest prefix shared with one. Candidates of one network are as far from
// anybody, and a client of the other family is as far from all.
std::uint8_t SiteChooser::BitsUsed(const SiteQuery& query,
                                   std::span<const Candidate> candidates) const {
  const unsigned most = query.pool.address_size == 4 ? policy::kMostShared4 : policy::kMostShared6;
  const IpAddress first = MemberAddress(query.pool, candidates[0].member);
  bool one_network = true;
  unsigned shared = 0;
  for (const Candidate& candidate : candidates) {
    const IpAddress member = MemberAddress(query.pool, candidate.member);
    one_network = one_network && member.SharedPrefix(first) >= most;
    shared = std::max(shared, query.client.SharedPrefix(member));
  }
  if (candidates.size() == 1) return 0;
  const bool comparable = query.client.family() == first.family();
  const unsigned by_address = one_network || !comparable ? 0 : std::min(shared + 1, most);
  return static_cast<std::uint8_t>(
      std::max(by_address, served_->closeness.BitsToFind(query.client)));
}

// By the client's list, and members that it does not name by their addresses.
void SiteChooser::Judge(const SiteQuery& query, Candidates candidates) const {
  if (candidates.size() == 1) return;
  const policy::SubnetOrder* list = served_->closeness.Find(query.client);
  const policy::SharedBits shared(query.client);
  for (Candidate& candidate : candidates) {
    policy::ClosenessScore score = 0;
    if (list != nullptr) {
      score = policy::Closeness::Listed(*list, MemberAddress(query.pool, candidate.member));
    }
    if (score == 0) score = shared.With(query.pool.address(candidate.member));
    candidate.closeness = score;
  }
}

// Every address given out brings its node sessions: it costs more from now on.
void SiteChooser::Count(const SiteQuery& query, std::span<const Candidate> chosen) {
  for (const Candidate& candidate : chosen) {
    const fleet::NodeIndex node = fleet_->NodeOf(query.pool.members[candidate.member]);
    if (node == fleet::kNoNode) continue;
    const policy::CostFigures& figures = fleet_->nodes[node].figures;
    stats_.answers[node].Add();
    Price& price = prices_[node];
    price.sessions += figures.sessions_per_answer * answer_scale_;
    price.cost = policy::CostOf(figures, price.sessions);
  }
}

}  // namespace dnsd::answer

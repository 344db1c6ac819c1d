#include "dnsd/answer/nearness.h"

#include <algorithm>

#include "dnsd/locality/exploration.h"
#include "dnsd/policy/closeness.h"
#include "dnsd/policy/unmeasured.h"

namespace dnsd::answer {
namespace {

using policy::Candidate;

constexpr std::size_t kNearOctets = std::size_t{256} << 10;

IpAddress MemberAddress(const zone::Pool& pool, std::size_t member) {
  return *IpAddress::FromOctets(pool.address(member));
}

// The closeness of members of the client's family; `octets` are the pool's.
template <std::size_t kSize>
void ShareBits(const policy::SharedBits& client, std::span<const std::uint8_t> octets,
               std::span<Candidate> candidates) {
  for (Candidate& candidate : candidates) {
    candidate.closeness = client.With<kSize>(octets.data() + candidate.member * kSize);
  }
}

// What the addresses of candidates, of the client's family, have in common: the most bits that one
// shares with the client, and whether all share those that count.
struct Common {
  unsigned with_client = 0;
  bool one_network = true;
};

template <std::size_t kSize>
Common InCommon(const policy::SharedBits& client, const std::uint8_t* octets,
                std::span<const Candidate> candidates) {
  constexpr unsigned kMost = kSize == 4 ? policy::kMostShared4 : policy::kMostShared6;
  const std::uint8_t* const first = octets + candidates[0].member * kSize;
  const policy::SharedBits with_first(*IpAddress::FromOctets({first, kSize}));
  Common common;
  for (const Candidate& candidate : candidates) {
    const std::uint8_t* const member = octets + candidate.member * kSize;
    common.with_client = std::max<unsigned>(common.with_client, client.With<kSize>(member));
    common.one_network = common.one_network && with_first.With<kSize>(member) >= kMost;
  }
  return common;
}

// The leading bits of the client that decide how many it shares with each candidate.
unsigned BitsByAddress(const zone::Pool& pool, const IpAddress& client,
                       std::span<const Candidate> candidates) {
  if (client.size() != pool.address_size) return 0;
  const bool is_v4 = pool.address_size == 4;
  const policy::SharedBits shared(client);
  const Common common = is_v4 ? InCommon<4>(shared, pool.octets.data(), candidates)
                              : InCommon<16>(shared, pool.octets.data(), candidates);
  const unsigned most = is_v4 ? policy::kMostShared4 : policy::kMostShared6;
  return common.one_network ? 0 : std::min(common.with_client + 1, most);
}

}  // namespace

void Nearness::Adopt(const Served& served) {
  served_ = &served;
  placed_by_ = nullptr;
  AdoptPlaces();
}

void Nearness::Adopt(const FleetView& fleet) {
  fleet_ = &fleet;
  rtts_ = fleet.rtts.get();
  times_.assign(fleet.nodes.size(), 0);
  AdoptPlaces();
}

// Names of regions become numbers once, not with every view.
void Nearness::AdoptPlaces() {
  if (served_ == nullptr || fleet_ == nullptr) return;
  is_large_ = served_->locality.table().octets() > kNearOctets ||
              rtts_->prefixes() * sizeof(locality::RttLine) > kNearOctets;
  const locality::Locality& locality = served_->locality;
  if (placed_by_ == &locality && placed_ == fleet_->places) return;
  placed_by_ = &locality;
  placed_ = fleet_->places;
  places_.clear();
  if (locality.empty()) return;
  for (const fleet::NamedPlace& node : *placed_) {
    places_.push_back(locality.PlaceOfNode(node.node, node.place));
  }
}

locality::MemberPlace Nearness::PlaceOf(const zone::Pool& pool, const Candidate& candidate) const {
  const auto place = served_->locality.PlaceOfAddress(pool.members[candidate.member]);
  if (place.known() || candidate.node >= places_.size()) return place;
  return places_[candidate.node];
}

Measured Nearness::Judge(const zone::Pool& pool, const Asker& client,
                         std::span<Candidate> candidates) {
  if (candidates.size() == 1) return {};
  const policy::SharedBits shared(client.address);
  if (client.address.size() != pool.address_size) {
    for (Candidate& candidate : candidates) candidate.closeness = 0;
  } else if (pool.address_size == 4) {
    ShareBits<4>(shared, pool.octets, candidates);
  } else {
    ShareBits<16>(shared, pool.octets, candidates);
  }
  const locality::Locality& locality = served_->locality;
  if (!locality.empty()) {
    const std::uint32_t number = locality.Find(client.address).value;
    if (number != 0) JudgeByPlace(pool, locality.place(number), candidates);
  }
  const auto rtts = RttsTo(client);
  return rtts.empty() ? Measured() : JudgeByTimes(rtts, candidates);
}

void Nearness::JudgeByPlace(const zone::Pool& pool, const locality::ClientPlace& from,
                            std::span<Candidate> candidates) const {
  const locality::Locality& locality = served_->locality;
  for (Candidate& candidate : candidates) {
    const locality::MemberPlace to = PlaceOf(pool, candidate);
    locality::Score score = locality.ByOperator(from, MemberAddress(pool, candidate.member), to);
    if (score == 0) score = locality.ByDatabase(from, to);
    if (score != 0) candidate.closeness = score;
  }
}

// Times count for those of whom the operator says nothing. Of candidates without a time those that
// other sources have nearest stand at the mean of the times, in the scale of the scores, and the
// rest a step behind. Where the prefix has times of as many nodes as are kept, a candidate without
// one is behind all of these: the nearest are kept.
Measured Nearness::JudgeByTimes(std::span<const locality::Rtt> rtts,
                                std::span<Candidate> candidates) {
  using locality::Score;
  Measured measured;
  for (const locality::Rtt& rtt : rtts) {
    if (rtt.node < times_.size()) times_[rtt.node] = locality::MeasuredScore(rtt.milliseconds);
    measured.any_old = measured.any_old || rtts_->IsOld(rtt);
  }
  std::uint32_t sum = 0;
  Score nearest_other = 0;
  for (Candidate& candidate : candidates) {
    if (candidate.closeness >= locality::kOperatorFrom) continue;
    if (const Score time = TimeOf(candidate); time != 0) {
      candidate.closeness = time;
      sum += time;
      ++measured.known;
    } else {
      nearest_other = std::max(nearest_other, candidate.closeness);
      measured.unknown += candidate.node != fleet::kNoNode ? 1U : 0U;
    }
  }
  for (const locality::Rtt& rtt : rtts) {
    if (rtt.node < times_.size()) times_[rtt.node] = 0;
  }
  if (measured.known == 0) return measured;
  const Score between = policy::UnmeasuredScore(sum, measured.known, rtts);
  for (Candidate& candidate : candidates) {
    if (candidate.closeness >= locality::kMeasuredFrom) continue;
    const bool is_first = candidate.closeness == nearest_other;
    candidate.closeness = static_cast<Score>(is_first ? between : between - 1U);
  }
  return measured;
}

// Every client that shares this many bits is in the same place, and shares as many bits with each
// candidate: one bit past the longest prefix shared with one. Candidates of one network are as far
// from anybody, and a client of the other family is as far from all. Where times are known of any
// prefix, a client is told from its neighbours though none is known of its own: they may have one.
// That holds for a subnet that is in no one prefix too: its answer must not be kept for clients
// that share no more than an address tells (RFC 7871 §7.2.1).
std::uint8_t Nearness::BitsUsed(const zone::Pool& pool, const Asker& asker,
                                std::span<const Candidate> candidates) const {
  const IpAddress& client = asker.address;
  const auto is_managed = [](const Candidate& c) { return c.node != fleet::kNoNode; };
  const bool by_time =
      !rtts_->empty(client.family()) && std::ranges::any_of(candidates, is_managed);
  return static_cast<std::uint8_t>(
      std::max<unsigned>({BitsByAddress(pool, client, candidates),
                          by_time ? locality::RttView::PrefixBits(client.family()) : 0U,
                          served_->locality.Find(client).bits}));
}

std::optional<std::size_t> Nearness::FindToMeasure(const Asker& client,
                                                   std::span<const Candidate> candidates,
                                                   std::uint64_t random) const {
  const auto rtts = RttsTo(client);
  const auto is_wanted = [&](const Candidate& candidate, bool old) {
    if (candidate.closeness >= locality::kOperatorFrom || candidate.node == fleet::kNoNode) {
      return false;
    }
    const auto at = std::ranges::find(rtts, candidate.node, &locality::Rtt::node);
    return old ? at != rtts.end() && rtts_->IsOld(*at) : at == rtts.end();
  };
  for (const bool old : {true, false}) {
    if (!old && rtts.size() == locality::RttLine::kMost) break;
    const auto count = static_cast<std::uint32_t>(
        std::ranges::count_if(candidates, [&](const auto& c) { return is_wanted(c, old); }));
    if (count == 0) continue;
    std::uint32_t number = locality::ExploredOf(count, random);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (is_wanted(candidates[i], old) && number-- == 0) return i;
    }
  }
  return std::nullopt;
}

}  // namespace dnsd::answer

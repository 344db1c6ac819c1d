#include "dnsd/answer/nearness.h"

#include <algorithm>

#include "dnsd/policy/closeness.h"

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
  for (const locality::Rtt& rtt : rtts) {
    if (rtt.node < times_.size()) times_[rtt.node] = locality::MeasuredScore(rtt.milliseconds);
  }
  Measured measured;
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
  const bool is_full = rtts.size() == locality::RttLine::kMost;
  const auto between = static_cast<Score>(
      is_full ? locality::MeasuredScore(rtts.back().milliseconds) - 1U : sum / measured.known);
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
  const unsigned most = pool.address_size == 4 ? policy::kMostShared4 : policy::kMostShared6;
  const IpAddress first = MemberAddress(pool, candidates[0].member);
  bool one_network = true;
  bool managed = false;
  unsigned shared = 0;
  for (const Candidate& candidate : candidates) {
    managed = managed || candidate.node != fleet::kNoNode;
    const IpAddress member = MemberAddress(pool, candidate.member);
    one_network = one_network && member.SharedPrefix(first) >= most;
    shared = std::max(shared, client.SharedPrefix(member));
  }
  const bool comparable = client.family() == first.family();
  const unsigned by_address = one_network || !comparable ? 0 : std::min(shared + 1, most);
  const unsigned by_time = managed && !rtts_->empty(client.family())
                               ? locality::RttView::PrefixBits(client.family())
                               : 0;
  return static_cast<std::uint8_t>(
      std::max<unsigned>({by_address, by_time, served_->locality.Find(client).bits}));
}

std::size_t FindUnmeasured(std::span<const Candidate> candidates,
                           std::span<const locality::Rtt> rtts, std::uint32_t number) {
  const auto is_measured = [&](fleet::NodeIndex node) {
    return std::ranges::any_of(rtts, [&](const locality::Rtt& rtt) { return rtt.node == node; });
  };
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (candidate.closeness >= locality::kOperatorFrom || candidate.node == fleet::kNoNode ||
        is_measured(candidate.node)) {
      continue;
    }
    if (number-- == 0) return i;
  }
  return 0;
}

}  // namespace dnsd::answer

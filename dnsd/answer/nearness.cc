#include "dnsd/answer/nearness.h"

#include <algorithm>

#include "dnsd/policy/closeness.h"

namespace dnsd::answer {
namespace {

using policy::Candidate;

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
  AdoptPlaces();
}

// Names of regions become numbers once, not with every view.
void Nearness::AdoptPlaces() {
  if (served_ == nullptr || fleet_ == nullptr) return;
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

void Nearness::Judge(const zone::Pool& pool, const IpAddress& client,
                     std::span<Candidate> candidates) const {
  if (candidates.size() == 1) return;
  const policy::SharedBits shared(client);
  if (client.size() != pool.address_size) {
    for (Candidate& candidate : candidates) candidate.closeness = 0;
  } else if (pool.address_size == 4) {
    ShareBits<4>(shared, pool.octets, candidates);
  } else {
    ShareBits<16>(shared, pool.octets, candidates);
  }
  const locality::Locality& locality = served_->locality;
  if (locality.empty()) return;
  const std::uint32_t number = locality.Find(client).value;
  if (number == 0) return;
  const locality::ClientPlace& from = locality.place(number);
  for (Candidate& candidate : candidates) {
    const locality::MemberPlace to = PlaceOf(pool, candidate);
    locality::Score score = locality.ByOperator(from, MemberAddress(pool, candidate.member), to);
    if (score == 0) score = locality.ByDatabase(from, to);
    if (score != 0) candidate.closeness = score;
  }
}

// Every client that shares this many bits is in the same place, and shares as many bits with each
// candidate: one bit past the longest prefix shared with one. Candidates of one network are as far
// from anybody, and a client of the other family is as far from all.
std::uint8_t Nearness::BitsUsed(const zone::Pool& pool, const IpAddress& client,
                                std::span<const Candidate> candidates) const {
  const unsigned most = pool.address_size == 4 ? policy::kMostShared4 : policy::kMostShared6;
  const IpAddress first = MemberAddress(pool, candidates[0].member);
  bool one_network = true;
  unsigned shared = 0;
  for (const Candidate& candidate : candidates) {
    const IpAddress member = MemberAddress(pool, candidate.member);
    one_network = one_network && member.SharedPrefix(first) >= most;
    shared = std::max(shared, client.SharedPrefix(member));
  }
  const bool comparable = client.family() == first.family();
  const unsigned by_address = one_network || !comparable ? 0 : std::min(shared + 1, most);
  return static_cast<std::uint8_t>(
      std::max<unsigned>(by_address, served_->locality.Find(client).bits));
}

}  // namespace dnsd::answer

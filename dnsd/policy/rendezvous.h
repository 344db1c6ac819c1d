// Keeps a client on its member: rendezvous hashing (Thaler and Ravishankar 1998) with bounded
// loads (after Mirrokni, Thorup and Zadimoghaddam 2018).
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "dnsd/policy/candidate.h"

namespace dnsd::policy {

// Spreads 64 bits over 64 (the finish of SplitMix64).
constexpr std::uint64_t MixBits(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBU;
  return bits ^ (bits >> 31);
}

// How many leading bits of a client tell its network from others (RFC 7871 §11.1).
inline std::uint8_t HashedBits(const IpAddress& client) {
  return client.family() == IpFamily::kV4 ? kMostShared4 : kMostShared6;
}

// A member's hash, and that of a client's network: the same on every dnsd.
std::uint64_t HashOf(std::span<const std::uint8_t> address);
std::uint64_t HashOfNetwork(const IpAddress& client);

// Who belongs to whom, of two hashes: whatever else is in the pool.
constexpr std::uint64_t Affinity(std::uint64_t client, std::uint64_t member) {
  const std::uint64_t product = (client ^ member) * 0xBF58476D1CE4E5B9U;
  return (product ^ product >> 32) * 0x94D049BB133111EBU;
}

// Below this load nobody is passed over for having more than the others: they are all idle.
inline constexpr float kLeastBusy = 0.2F;

// What share of its clients a member keeps by its load: all of them up to (1 + bound) times the
// mean, none from (1 + 2 bound) times the mean, and in between the fewer the more it has. No step:
// with one, a member near it would lose all its clients with one report and have them back with the
// next; so it settles where it keeps what it can serve.
class LoadBound {
 public:
  LoadBound(float mean, float bound) {
    const float busy = mean > kLeastBusy ? mean : kLeastBusy;
    const float width = bound > kLeastWidth ? bound : kLeastWidth;
    end_ = busy * (1 + bound + width);
    per_load_ = 1 / (busy * width);
  }
  // 1 and upwards, or 0 and downwards, where it is all or none.
  float Kept(float load) const { return (end_ - load) * per_load_; }

 private:
  static constexpr float kLeastWidth = 0.05F;
  float end_;
  float per_load_;
};

// Where a candidate stands for a client, the greatest first: one that can take it before those
// that cannot, then by affinity. `kept`, from 0 to 1, is the share of its clients that a member in
// trouble keeps: the same clients each time.
constexpr std::uint64_t RendezvousRank(std::uint64_t affinity, float kept) {
  // Bits that the order of affinities hardly shows.
  const auto part = static_cast<float>(affinity >> 8 & 0xFFFFFF) * 0x1.0p-24F;
  const bool takes_it = part < kept;
  return affinity >> 1 | std::uint64_t{takes_it} << 63;
}

// Where the candidate of the greatest rank stands; of at least one.
template <typename Rank>
std::size_t FindGreatest(std::span<const Candidate> candidates, Rank rank) {
  std::size_t best = 0;
  std::uint64_t best_rank = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::uint64_t at = rank(candidates[i]);
    best = at > best_rank ? i : best;
    best_rank = at > best_rank ? at : best_rank;
  }
  return best;
}

// Moves the `count` candidates of the greatest rank to the front, the greatest first; count at most
// the size.
template <typename Rank>
void PickGreatest(std::span<Candidate> candidates, std::size_t count, Rank rank) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<Candidate> left = candidates.subspan(i);
    std::swap(left[0], left[FindGreatest<Rank>(left, rank)]);
  }
}

}  // namespace dnsd::policy

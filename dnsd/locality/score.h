// How near a member is to a client as one number, the greater the nearer, whatever said so. Sources
// that are trusted more stand above those trusted less:
//
//   0x8000 and up   the operator: place in a list, or of a region in the client's order
//   0x4000 and up   a measured round-trip time
//   0x0400 and up   a database: the client's region by a rule, then the distance
//   0 to 56         leading bits that the addresses share
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace dnsd::locality {

using Score = std::uint16_t;

enum class Source : std::uint8_t { kSharedPrefix, kDatabase, kMeasured, kOperator };

inline constexpr Score kOperatorFrom = 0x8000;
inline constexpr Score kMeasuredFrom = 0x4000;
inline constexpr Score kDatabaseFrom = 0x0400;

constexpr Source SourceOf(Score score) {
  if (score >= kOperatorFrom) return Source::kOperator;
  if (score >= kMeasuredFrom) return Source::kMeasured;
  return score >= kDatabaseFrom ? Source::kDatabase : Source::kSharedPrefix;
}

// `rank`: 0 the nearest.
constexpr Score OperatorScore(std::size_t rank) {
  return static_cast<Score>(0xFFFF - std::min<std::size_t>(rank, 0x7FFF));
}

// In steps of a sixteenth of a power of two of (1 ms + time): what differs by less is noise.
constexpr Score MeasuredScore(float milliseconds) {
  const auto bits = std::bit_cast<std::uint32_t>(1.0F + std::clamp(milliseconds, 0.0F, 1e6F));
  return static_cast<Score>(0x7FFF - ((bits - std::bit_cast<std::uint32_t>(1.0F)) >> 19));
}
// The shortest time of that score.
constexpr float MillisecondsOf(Score measured) {
  const std::uint32_t steps = 0x7FFFU - measured;
  return std::bit_cast<float>((steps << 19) + std::bit_cast<std::uint32_t>(1.0F)) - 1.0F;
}

// Ranks of regions that count; kNoRank: in none of the client's.
inline constexpr unsigned kNoRank = 15;

// A distance through the earth in km, in steps of 14; nothing known counts as the farthest.
inline Score DatabaseScore(unsigned rank, float chord) {
  constexpr unsigned kSteps = 960;
  constexpr float kStep = 14;
  const auto far = static_cast<unsigned>(std::clamp(chord / kStep, 0.0F, kSteps - 1.0F));
  return static_cast<Score>(kDatabaseFrom + (kNoRank - std::min(rank, kNoRank)) * kSteps +
                            (kSteps - 1 - far));
}
inline constexpr float kFarthest = 20'000;

// How much longer than the best a measured time may be that counts as near: what nobody notices.
inline constexpr float kAlikeMilliseconds = 5;
inline constexpr float kAlikeShare = 0.2F;  // or this share of it, if that is more

// The least score that still counts as near as `best`, where members are taken as groups: of
// measured times `milliseconds` more or a fifth, of distances some 40 km.
constexpr Score AlikeFrom(Score best, float milliseconds = kAlikeMilliseconds) {
  switch (SourceOf(best)) {
    case Source::kMeasured: {
      const float least = MillisecondsOf(best);
      return MeasuredScore(least + std::max(milliseconds, least * kAlikeShare));
    }
    case Source::kDatabase:
      return std::max<Score>(best - 3, kDatabaseFrom);
    default:
      return best;
  }
}

}  // namespace dnsd::locality

// Where a member stands to which nothing was measured, among others of which times are known. Pure.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/locality/rtt_view.h"
#include "dnsd/locality/score.h"

namespace dnsd::policy {

// The mean of the others' scores, that is of the logarithms of (1 ms + time): behind all it would
// hardly ever be answered, and so never be measured; before all it would be preferred to what is
// known to be near. Of a prefix that has as many times as are kept the nearest are: then it is
// behind these. `sum` is that of the scores of `known` candidates, 1 or more; `rtts` the times of
// the prefix, the nearest first.
inline locality::Score UnmeasuredScore(std::uint32_t sum, std::uint32_t known,
                                       std::span<const locality::Rtt> rtts) {
  if (rtts.size() < locality::RttLine::kMost) return static_cast<locality::Score>(sum / known);
  return static_cast<locality::Score>(locality::MeasuredScore(rtts.back().milliseconds) - 1U);
}

}  // namespace dnsd::policy

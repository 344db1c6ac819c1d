// How much of the traffic leaves the nearest members when they are busier than others. Pure.
//
//   share that leaves
//   by headroom ─ ─ ─ ─ ─ ─ ─ ─ ─ ____________
//                               /
//                              /                     over: load of the nearest, less that of the
//   0 ________________________/                            others and less the margin
//                             0      kRamp    over
#pragma once

#include <algorithm>

namespace dnsd::policy {

// Some candidates taken together. Loads as LoadWith has them: 0 idle, 1 full.
struct GroupLoad {
  float load = 0;      // of the least loaded: the one that would answer
  float headroom = 0;  // CPUs that are idle, of all together
};

// What the load of the nearest has to grow for the whole share to leave: without such a ramp all
// traffic would go back and forth with each report.
inline constexpr float kSpillRamp = 0.1F;

// The share of answers, 0 to 1, that `others` are to give though `nearest` are nearer: none until
// the nearest are `margin` more loaded than the others, then more with each bit of load until it is
// in proportion to headroom.
inline float SpillShare(const GroupLoad& nearest, const GroupLoad& others, float margin) {
  const float over = nearest.load - others.load - margin;
  if (!(over > 0)) return 0;
  const float free = std::max(0.0F, nearest.headroom) + std::max(0.0F, others.headroom);
  const float share = free > 0 ? std::max(0.0F, others.headroom) / free : 0.5F;
  return share * std::min(1.0F, over / kSpillRamp);
}

}  // namespace dnsd::policy

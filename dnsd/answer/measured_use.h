// How answers go by measured round-trip times.
#pragma once

namespace dnsd::answer {

struct MeasuredUse {
  // Of the answers to prefixes that some members have a time to, the share that goes to the others.
  float explore = 0.01F;
  // How much longer than the least a time may be that counts as near; or a fifth of the least.
  float margin_milliseconds = 5;

  friend bool operator==(const MeasuredUse&, const MeasuredUse&) = default;
};

}  // namespace dnsd::answer

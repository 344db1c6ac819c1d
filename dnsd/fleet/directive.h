// What dnsd answers a reporter on its stream.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dnsd/base/clock.h"

namespace dnsd::fleet {

// One stream of one reporter, numbered upwards from 1 by the control service; never used twice.
using StreamId = std::uint64_t;
inline constexpr StreamId kNoStream = 0;

// The answer to a Hello.
struct Accepted {
  std::vector<std::string> warnings;  // for the reporter's log
};

struct SetInterval {
  Duration interval{};
};

// The next heartbeat must carry the full hosting list.
struct ResendFull {
  std::string reason;
};

// The stream is to be closed once this is sent.
struct Refusal {
  std::string reason;  // what was wrong and what was wanted
};

using Directive = std::variant<Accepted, SetInterval, ResendFull, Refusal>;

// Where the control loop leaves its directives; the control service implements it. Send is called
// on the control thread alone, must not block, and ignores a stream that has ended.
class DirectiveSink {
 public:
  virtual ~DirectiveSink() = default;
  virtual void Send(StreamId stream, Directive directive) = 0;
};

}  // namespace dnsd::fleet

// What dnsd answers a reporter on its stream.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"

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

// What a node is to do with one site's replica there.
struct Task {
  enum class Kind : std::uint8_t { kInstantiate, kWithdraw, kVerify };
  // A node that has the content, or is getting it and relays what it has.
  struct Source {
    std::string node{};
    std::vector<IpAddress> addresses{};
    friend bool operator==(const Source&, const Source&) = default;
  };

  std::uint64_t id = 0;  // given once, ever
  Kind kind = Kind::kInstantiate;
  std::string site{};                 // owner name with its final dot
  std::vector<Source> sources{};      // the best first
  std::uint64_t content_version = 0;  // to be had at least; 0: any
  std::uint64_t bytes = 0;            // 0: not known
  bool held = false;  // of kWithdraw: only told as not ready, until it is named again without

  friend bool operator==(const Task&, const Task&) = default;
};

// All that the node is to do, in the place of what was asked before.
struct Tasks {
  std::vector<Task> tasks{};            // by rising id
  bool decides = false;                 // this dnsd moves sites, where the nodes want it to
  std::vector<std::string> may_drop{};  // sites that can do without their replica there, rising
  Duration grace{};                     // told as not ready before they are dropped

  friend bool operator==(const Tasks&, const Tasks&) = default;
};

using Directive = std::variant<Accepted, SetInterval, ResendFull, Refusal, Tasks>;

// Where the control loop leaves its directives; the control service implements it. Send is called
// on the control thread alone, must not block, and ignores a stream that has ended.
class DirectiveSink {
 public:
  virtual ~DirectiveSink() = default;
  virtual void Send(StreamId stream, Directive directive) = 0;
};

}  // namespace dnsd::fleet

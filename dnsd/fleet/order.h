// What an operator ordered for a node; it holds until it is taken back or its time is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dnsd/base/clock.h"

namespace dnsd::fleet {

struct Order {
  enum class Kind : std::uint8_t {
    kNone,
    kDrain,    // no new answers name it; the sessions it has go on
    kDisable,  // as if it were not there
  };
  // The end of an order, on both clocks: judged by the one, told and stored by the other.
  struct End {
    MonotonicTime at;
    WallTime wall;
    friend bool operator==(const End&, const End&) = default;
  };

  Kind kind = Kind::kNone;
  std::string reason;      // the operator's words
  std::optional<End> end;  // nothing: none

  friend bool operator==(const Order&, const Order&) = default;
};

// What an operator wants of some nodes. An order of kind kNone takes back those of kind
// `taken_back`, and leaves other nodes alone.
struct OrderChange {
  Order order;
  Order::Kind taken_back = Order::Kind::kNone;
};

// "none", "drain", "disable".
constexpr const char* NameOf(Order::Kind kind) {
  constexpr const char* kNames[] = {"none", "drain", "disable"};
  return kNames[static_cast<std::uint8_t>(kind)];
}

}  // namespace dnsd::fleet

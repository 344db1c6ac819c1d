// The clients' resolvers: how many clients each has, and what each has cached.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dnsd/base/ip.h"
#include "tools/dnsd-sim/zipf.h"

namespace dnsd::sim {

using NodeId = std::uint32_t;  // place in the scenario
using ResolverId = std::uint32_t;

// The nodes that an answer names, in its order; none: there was no answer to use.
struct NodeList {
  static constexpr std::size_t kMost = 8;  // more are cut off

  void Add(NodeId node) {
    if (size < kMost) nodes[size++] = node;
  }
  std::span<const NodeId> span() const { return {nodes.data(), size}; }

  std::array<NodeId, kMost> nodes{};
  std::uint8_t size = 0;
};

// Resolvers that keep answers for at least so long, whatever their TTL.
struct KeepRule {
  double seconds = 0;
  double share = 0;  // of the resolvers
};

struct ResolverSpec {
  std::size_t count = 1000;
  double zipf = 1;              // exponent of their populations
  std::vector<KeepRule> keeps;  // the others obey the TTL
};

class Resolvers {
 public:
  static constexpr std::size_t kMost = 1 << 20;

  // Which of them keep answers is drawn from `random`, apart from how many clients they have.
  Resolvers(const ResolverSpec& spec, Random& random);

  // The resolver of one more client.
  ResolverId Draw(Random& random) const {
    return static_cast<ResolverId>(population_.Draw(random));
  }
  // What it has cached and is still good at `now`, in seconds; null if it has to ask.
  const NodeList* Find(ResolverId resolver, double now) const;
  // It has asked, and got this.
  void Store(ResolverId resolver, const NodeList& answer, double ttl, double now);

  // Each has a /24 of its own, which shares no bit with the nodes' addresses.
  static IpAddress AddressOf(ResolverId resolver);
  double kept_seconds(ResolverId resolver) const { return entries_[resolver].least; }

 private:
  struct Entry {
    double least = 0;  // seconds that it keeps an answer
    double good_until = -1;
    NodeList answer;
  };
  Zipf population_;
  std::vector<Entry> entries_;
};

}  // namespace dnsd::sim

// How close a member is to a client, from configured lists and from the addresses alone.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::policy {

// Greater is closer. 0 to 56: the bits that client and member share. From kListed up: the member
// stands in the client's configured list, the first of it highest.
using ClosenessScore = std::uint16_t;

// Bits that count when addresses are compared: one network is one place, so the host part says
// nothing (the prefixes that resolvers send as well, RFC 7871 §11.1).
inline constexpr unsigned kMostShared4 = 24;
inline constexpr unsigned kMostShared6 = 56;
inline constexpr ClosenessScore kListed = 0x8000;

// A client prefix and its order of members, nearest first (as BIND's sortlist has it).
struct SubnetOrder {
  IpPrefix clients;
  std::vector<IpPrefix> order;
};

// The configured lists. Immutable once built; safe to share between threads.
class Closeness {
 public:
  explicit Closeness(std::vector<SubnetOrder> subnets = {});

  // The list of the longest client prefix that contains `client`; null if there is none.
  const SubnetOrder* Find(const IpAddress& client) const;

  // How many leading bits of `client` tell which lists it is in and which not.
  unsigned BitsToFind(const IpAddress& client) const;

  // `list` is what Find gave for this client; a member it does not name is judged by its address.
  static ClosenessScore Score(const SubnetOrder* list, const IpAddress& client,
                              const IpAddress& member);

 private:
  std::vector<SubnetOrder> subnets_;  // the longest prefix first
};

}  // namespace dnsd::policy

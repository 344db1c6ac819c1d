// How near the candidates of an answer are to the client, from whatever is known: the operator's
// lists and regions, databases, and the addresses themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/base/ip.h"
#include "dnsd/policy/candidate.h"
#include "dnsd/zone/pool.h"

namespace dnsd::answer {

// A worker's own. Allocates in Adopt only.
class Nearness {
 public:
  // Take over a new snapshot; both are borrowed until the next Adopt.
  void Adopt(const Served& served);
  void Adopt(const FleetView& fleet);

  // Gives each candidate its closeness. Each source speaks of a member or not; the one that is
  // trusted most and does counts.
  void Judge(const zone::Pool& pool, const IpAddress& client,
             std::span<policy::Candidate> candidates) const;

  // The leading bits of the client that Judge looked at: every client that shares them is judged
  // alike.
  std::uint8_t BitsUsed(const zone::Pool& pool, const IpAddress& client,
                        std::span<const policy::Candidate> candidates) const;

  // Where a candidate is: by its address if that is configured, else its node's place.
  locality::MemberPlace PlaceOf(const zone::Pool& pool, const policy::Candidate& candidate) const;

 private:
  void AdoptPlaces();

  const Served* served_ = nullptr;
  const FleetView* fleet_ = nullptr;
  const locality::Locality* placed_by_ = nullptr;  // what places_ was resolved with, and of what
  std::shared_ptr<const std::vector<fleet::NamedPlace>> placed_;
  std::vector<locality::MemberPlace> places_;  // by NodeIndex
};

}  // namespace dnsd::answer

// How near the candidates of an answer are to the client, from whatever is known: the operator's
// lists and regions, measured round-trip times, databases, and the addresses themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/base/ip.h"
#include "dnsd/locality/score.h"
#include "dnsd/policy/candidate.h"
#include "dnsd/zone/pool.h"

namespace dnsd::answer {

// Whom an answer is for. Borrows the address.
struct Asker {
  Asker(const IpAddress& from, unsigned bits = 128) : address(from), known_bits(bits) {}

  const IpAddress& address;
  unsigned known_bits;  // of the address; those past them are zero
};

// Of the candidates that the operator says nothing of.
struct Measured {
  std::uint32_t known = 0;    // with a round-trip time to the client's prefix
  std::uint32_t unknown = 0;  // without, though their nodes may yet tell one
  bool any_old = false;       // some time to the prefix, of whatever node, should be told again

  // Whether there may be somebody to measure. Where nothing is known the usual choice does.
  bool may_explore() const { return known > 0 && (unknown > 0 || any_old); }
};

// A worker's own. Allocates in Adopt only.
class Nearness {
 public:
  // Take over a new snapshot; both are borrowed until the next Adopt.
  void Adopt(const Served& served);
  void Adopt(const FleetView& fleet);

  // Gives each candidate its closeness. Each source speaks of a member or not; the one that is
  // trusted most and does counts. Where times were measured for some, the others are taken to be as
  // far as these are on average: nothing known makes nobody the nearest, nor the farthest.
  Measured Judge(const zone::Pool& pool, const Asker& client,
                 std::span<policy::Candidate> candidates);

  // Whether what Judge reads of a client lies in no cache near the processor, so that LookAhead is
  // worth its while.
  bool is_large() const { return is_large_; }
  // Begins to read what Judge will, for a client that is judged a little later; LookDeeper goes on
  // where LookAhead has led, after others of the batch.
  void LookAhead(const IpAddress& client) const {
    if (!served_->locality.empty()) served_->locality.table().Prefetch(client);
    rtts_->Prefetch(client);
  }
  void LookDeeper(const IpAddress& client) const {
    if (!served_->locality.empty()) served_->locality.table().PrefetchDeeper(client);
    rtts_->PrefetchDeeper(client);
  }

  // What was measured of the client's prefix, the nearest node first. Nothing if so little of its
  // address is known that it is in no one prefix.
  std::span<const locality::Rtt> RttsTo(const Asker& client) const {
    return KnowsPrefix(client) ? rtts_->Find(client.address) : std::span<const locality::Rtt>();
  }

  // Whom of the candidates, judged for this client, an answer is to go to for a time to be told:
  // one whose time is old, else one that has none, each as likely; nothing if there are none, or if
  // as many nodes are known as are kept: the others would be asked for ever. `random`: of its bits
  // the low half counts.
  std::optional<std::size_t> FindToMeasure(const Asker& client,
                                           std::span<const policy::Candidate> candidates,
                                           std::uint64_t random) const;

  // The leading bits of the client that Judge looked at: every client that shares them is judged
  // alike.
  std::uint8_t BitsUsed(const zone::Pool& pool, const Asker& client,
                        std::span<const policy::Candidate> candidates) const;

  // Where a candidate is: by its address if that is configured, else its node's place.
  locality::MemberPlace PlaceOf(const zone::Pool& pool, const policy::Candidate& candidate) const;

 private:
  void AdoptPlaces();
  // Times of other prefixes of the family are known, if not of this one.
  bool KnowsPrefix(const Asker& client) const {
    const IpFamily family = client.address.family();
    return !rtts_->empty(family) && client.known_bits >= locality::RttView::PrefixBits(family);
  }
  void JudgeByPlace(const zone::Pool& pool, const locality::ClientPlace& from,
                    std::span<policy::Candidate> candidates) const;
  Measured JudgeByTimes(std::span<const locality::Rtt> rtts,
                        std::span<policy::Candidate> candidates);
  locality::Score TimeOf(const policy::Candidate& candidate) const {
    return candidate.node < times_.size() ? times_[candidate.node] : locality::Score{0};
  }

  const Served* served_ = nullptr;
  const FleetView* fleet_ = nullptr;
  const locality::RttView* rtts_ = nullptr;  // the fleet's
  bool is_large_ = false;
  const locality::Locality* placed_by_ = nullptr;  // what places_ was resolved with, and of what
  std::shared_ptr<const std::vector<fleet::NamedPlace>> placed_;
  std::vector<locality::MemberPlace> places_;  // by NodeIndex
  // By NodeIndex: of the prefix that is being judged; 0 of all in between.
  std::vector<locality::Score> times_;
};

}  // namespace dnsd::answer

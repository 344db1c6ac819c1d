// Answers from the zones (RFC 1034 §4.3.2), at a site from its pool.
#pragma once

#include <cstdint>
#include <span>

#include "dnsd/answer/exchange.h"
#include "dnsd/answer/rate_gate.h"
#include "dnsd/answer/response.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/site_chooser.h"
#include "dnsd/base/ip.h"

namespace dnsd::answer {

// A worker's own. Borrows the chooser and the gate. Never allocates, locks or throws.
class ZoneAnswerer {
 public:
  ZoneAnswerer(SiteChooser& chooser, RateGate& gate) : chooser_(chooser), gate_(gate) {}

  // Borrowed until the next Adopt.
  void Adopt(const Served& served) { served_ = &served; }

  // The zone that a question for `type` at `name` is looked up in; null if there is none.
  const zone::Zone* ZoneFor(wire::RrType type, const wire::Name& name,
                            const wire::NameHashes& hashes) const;

  // Fills in the response to a well-formed question. `client`: whose closeness counts.
  void Answer(const Exchange& exchange, const Asker& client, Response& response);

 private:
  // One name on the way along a chain of CNAMEs, and the zone it is looked up in.
  struct Step;

  bool AnswerStep(Step& step, Response& response);
  bool AnswerNode(Step& step, const zone::Node& node, Response& response);
  void AnswerAny(const Step& step, const zone::Node& node, Response& response);
  bool Follow(Step& step, std::span<const std::uint8_t> target);
  bool FollowDname(Step& step, const zone::Lookup& found, Response& response);
  void Refer(const zone::Zone& zone, const zone::Node& cut, Response& response);
  void Deny(const Step& step, Response& response);
  // A name, and the node that it, or the wildcard that stands for it, is in the zone.
  struct Owner {
    std::span<const std::uint8_t> name;
    std::uint64_t hash;
    const zone::Node& node;
  };
  bool AddRrset(const Step& step, const zone::Zone& zone, const Owner& owner,
                const zone::Rrset& rrset, Section section, Fit fit, Response& response);
  void AddAdditional(const Step& step, const zone::Rrset& rrset, Response& response);

  SiteChooser& chooser_;
  RateGate& gate_;
  const Served* served_ = nullptr;
};

}  // namespace dnsd::answer

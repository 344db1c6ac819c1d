// Why a site answers a client as it does: every member with what is known of it. For people; not on
// the query path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/nearness.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/site_chooser.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"
#include "dnsd/locality/score.h"
#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"
#include "dnsd/zone/site_options.h"

namespace dnsd::answer {

// What became of a member, or why it could not be answered.
enum class Standing : std::uint8_t {
  kChosen,
  kCandidate,   // it might have been
  kLastResort,  // suspect or the like: only if nobody else can
  kExcluded,    // dead, leaving, unhealthy, drained or disabled
  kNotHosting,  // the node does not serve the site now
  kPassedOver,  // in a later group than others that may answer
};
const char* NameOf(Standing standing);        // "candidate"
const char* NameOf(locality::Source source);  // "operator"

struct ExplainedMember {
  IpAddress address;
  std::string node;  // empty: nobody reports of it
  Standing standing = Standing::kCandidate;
  std::optional<float> cost;  // under the site's policy; the least is the best
  std::optional<float> load;  // with one more session: 0 idle, 1 full
  locality::Source source = locality::Source::kSharedPrefix;  // who says how near it is
  locality::Score closeness = 0;                              // the greatest is the nearest
  // The round-trip time to the client's prefix, whatever counted. Without one a member whose source
  // is kMeasured is taken to be as far as those that have one are on average.
  std::optional<float> milliseconds;
  std::string region;                // empty: not known
  std::optional<double> kilometres;  // great circle, to the client
};

struct Explanation {
  enum class Kind : std::uint8_t {
    kNoZone,  // outside the zones
    kNoSite,  // no pool of this type stands there
    kNoData,  // all are down, and the site's rule is to say nothing
    kSite,
    kServFail,  // all are down, and the site's rule is to fail
  };
  // What decided.
  enum class Rule : std::uint8_t {
    kPolicy,
    kPlain,    // nobody reports of any member: the whole pool in rotation, as plain DNS has it
    kAllDown,  // no member may answer: the site's all_down
    kClosed,   // an operator: nobody answers for the site
  };
  Kind kind = Kind::kNoZone;
  Rule rule = Rule::kPolicy;
  std::string zone;           // its apex; empty: none
  std::string alias;          // where the name is a CNAME: its target; else empty
  zone::SiteOptions options;  // of a site
  bool panic = false;         // so little is left that suspects count as usable
  std::uint32_t ttl = 0;      // of the answer
  locality::Source source = locality::Source::kSharedPrefix;  // of the nearest candidate
  std::string region;                                         // the client's; empty: not known
  std::uint8_t scope = 0;  // bits of the client that the answer depended on
  // Some candidates have a round-trip time and others none: a small share of the answers, where
  // closeness counts, goes to these (MeasuredUse::explore).
  bool may_explore = false;
  std::vector<ExplainedMember> members;  // in the order of the zone file
  std::vector<std::size_t> chosen;       // places in `members`, as they would be sent
};

// Explains many answers: what a worker makes of a view of the fleet is made once. Borrows both, and
// is one thread's.
class Explainer {
 public:
  Explainer(const Served& served, const FleetView& fleet);
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;

  // As a worker would answer now that has given no answer since the fleet was published, and that
  // does not explore. `type` is A or AAAA; a CNAME is not followed.
  Explanation Explain(const wire::Name& name, wire::RrType type, const IpAddress& client);

 private:
  void AddNearness(const SiteQuery& query, Explanation& out);
  std::vector<policy::Candidate> JudgeAll(const SiteQuery& query, Explanation& out);
  void AddChoice(const SiteQuery& query, Explanation& out);
  void AddPassedOver(const SiteQuery& query, Explanation& out) const;

  const Served& served_;
  const FleetView& fleet_;
  WorkerStats stats_;  // of nobody
  Random random_{0};
  Nearness nearness_;
  SiteChooser chooser_{0, stats_, random_};
};

// One answer.
Explanation Explain(const Served& served, const FleetView& fleet, const wire::Name& name,
                    wire::RrType type, const IpAddress& client);

}  // namespace dnsd::answer

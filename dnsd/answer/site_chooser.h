// Which members of a pool an answer names: the candidate rules, then the policy.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"
#include "dnsd/policy/selection.h"
#include "dnsd/zone/pool.h"
#include "dnsd/zone/site_options.h"

namespace dnsd::answer {

// One question to a site.
struct SiteQuery {
  zone::Pool pool;
  const zone::SiteOptions& options;
  std::uint32_t rrset_ttl;             // as the zone file has it
  std::uint64_t hash;                  // of `name`
  std::span<const std::uint8_t> name;  // the site: QNAME, also below a wildcard; lower case
  const IpAddress& client;
  bool scope_wanted = false;  // SiteAnswer::client_bits is asked for
};

struct SiteAnswer {
  enum class Kind : std::uint8_t { kMembers, kNoData, kServFail };
  Kind kind = Kind::kMembers;
  // Members in the order they are to be sent; valid until the next Choose.
  std::span<const policy::Candidate> members;
  std::uint32_t ttl = 0;
  // How many leading bits of the client's address the choice depended on; 0: on none.
  std::uint8_t client_bits = 0;
};

// A worker's private half of the load model: it prices each of its own answers at once, between
// the control loop's views. Owned by one worker. Allocates in Adopt only.
class SiteChooser {
 public:
  SiteChooser(std::size_t worker, WorkerStats& stats, Random& random)
      : worker_(worker), stats_(stats), random_(random) {}

  // Take over a new snapshot; both are borrowed until the next Adopt.
  void Adopt(const Served& served);
  void Adopt(const FleetView& fleet);

  // Chooses, and counts the answer against the nodes it names. After both Adopts.
  SiteAnswer Choose(const SiteQuery& query);

 private:
  // What choosing needs of a node, in one place: most members are looked at and not chosen.
  struct Price {
    float cost = 0;      // of one more session than `sessions`
    float sessions = 0;  // those published, and own answers since
    fleet::Tier tier = fleet::Tier::kUsable;
    bool declares_hosting = false;
  };
  using Candidates = std::span<policy::Candidate>;
  std::span<const fleet::Host> HostsOf(const SiteQuery& query) const {
    if (hosting_ == nullptr) return {};
    return hosting_->Find(query.hash, query.name);
  }
  Candidates Collect(const SiteQuery& query, bool& managed);
  static void PriceUnmanaged(Candidates candidates);
  void PriceInTurn(const SiteQuery& query, Candidates candidates);
  Candidates WholePool(const SiteQuery& query);
  Candidates LastGood(const SiteQuery& query);
  SiteAnswer Plain(const SiteQuery& query);
  SiteAnswer AllDown(const SiteQuery& query);
  SiteAnswer Finish(const SiteQuery& query, Candidates candidates, std::size_t count,
                    const policy::Preference& preference, std::uint32_t ttl);
  std::uint8_t BitsUsed(const SiteQuery& query,
                        std::span<const policy::Candidate> candidates) const;
  void Judge(const SiteQuery& query, Candidates candidates) const;
  void Count(const SiteQuery& query, std::span<const policy::Candidate> chosen);

  const std::size_t worker_;
  WorkerStats& stats_;
  Random& random_;
  const Served* served_ = nullptr;
  const FleetView* fleet_ = nullptr;
  const fleet::HostingTable* hosting_ = nullptr;  // null: no node named any site
  float answer_scale_ = 1;                        // answers of all workers for one of this one's
  std::vector<Price> prices_;                     // by NodeIndex
  std::vector<policy::Candidate> scratch_;        // as long as the longest pool
  std::array<std::uint32_t, 4096> turns_{};       // round robin, by the site's hash
};

}  // namespace dnsd::answer

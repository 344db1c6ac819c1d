// Which members of a pool an answer names: the candidate rules, then the policy.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/answer/cache_watch.h"
#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/nearness.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"
#include "dnsd/policy/candidate.h"
#include "dnsd/policy/gauge.h"
#include "dnsd/policy/method.h"
#include "dnsd/policy/selection.h"
#include "dnsd/policy/spill.h"
#include "dnsd/zone/pool.h"
#include "dnsd/zone/site_options.h"
#include "dnsd/zone/zone.h"

namespace dnsd::answer {

// One question to a site.
struct SiteQuery {
  zone::Pool pool;
  const zone::SiteOptions& options;
  std::uint32_t rrset_ttl;             // as the zone file has it
  std::uint64_t hash;                  // of `name`
  std::span<const std::uint8_t> name;  // the site: QNAME, also below a wildcard; lower case
  Asker client;
  bool scope_wanted = false;  // SiteAnswer::client_bits is asked for
  bool may_explore = true;    // false: as most answers are
  // Where the pool stands; nulls: at the name. A wildcard's is told by its owner.
  struct StandsAt {
    const zone::Zone* zone = nullptr;
    const zone::Node* node = nullptr;
  } stands_at{};
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

  // As Nearness has them.
  bool is_locality_large() const { return nearness_.is_large(); }
  void LookAhead(const IpAddress& client) const { nearness_.LookAhead(client); }
  void LookDeeper(const IpAddress& client) const { nearness_.LookDeeper(client); }
  // Once a second. So many answers of a second are counted by site and member each, and of those
  // beyond one in kSampled, picked at random, for so many.
  static constexpr std::uint32_t kCounted = 1024;
  static constexpr std::uint32_t kSampled = 16;
  void BeginSecond() { counted_ = 0; }

  // Whether set_time is wanted before a batch: the monotonic time.
  bool wants_time() const { return cache_watch_ != nullptr; }
  void set_time(std::chrono::milliseconds now) { now_ = now; }

  // Chooses, and counts the answer against the nodes it names. After both Adopts.
  SiteAnswer Choose(const SiteQuery& query);
  // As if `answer`, which Choose has just given, and all earlier ones of the site had not been: for
  // one who only asks what would be answered.
  void Forget(const SiteQuery& query, const SiteAnswer& answer);

 private:
  // Another gauge's prices that follow own answers: a private copy of its column.
  struct Followed {
    policy::Gauge gauge;
    const policy::GaugeColumn* published = nullptr;
    std::vector<float> costs;     // by NodeIndex
    std::vector<float> sessions;  // likewise
  };
  // What Collect has seen beside its candidates.
  struct Seen {
    bool managed = false;       // some member's node has reported
    bool last_resorts = false;  // some were passed over
  };
  using Hosts = std::span<const fleet::Host>;
  using Candidates = std::span<policy::Candidate>;
  Hosts HostsOf(const SiteQuery& query) const {
    if (hosting_ == nullptr) return {};
    return hosting_->Find(query.hash, query.name);
  }
  SiteAnswer Decide(const SiteQuery& query);
  void Tally(const SiteQuery& query, const SiteAnswer& answer, std::uint32_t weight);
  SiteTally::Row* RowOf(const SiteQuery& query, std::uint32_t weight);
  void AdoptColumns();
  std::size_t AnswersTo(const SiteQuery& query);
  const float* ColumnOf(std::size_t gauge) const;
  const float* FiguresFor(const zone::SiteOptions& options, policy::Method method) const;
  Candidates Collect(const SiteQuery& query, Hosts hosts, const float* figures, bool& managed);
  template <typename TierOf>
  Candidates CollectTo(fleet::Tier worst, const SiteQuery& query, const float* figures,
                       TierOf tier_of, Seen& seen);
  unsigned GroupRank(std::span<const std::uint8_t> groups, AddressId member,
                     fleet::NodeIndex node) const;
  bool Panics(const SiteQuery& query, Hosts hosts, bool last_resorts);
  bool IsDisabled(const SiteQuery& query, std::uint32_t member) const;
  Candidates WholePool(const SiteQuery& query);
  Candidates LastGood(const SiteQuery& query);
  SiteAnswer Plain(const SiteQuery& query);
  SiteAnswer AllDown(const SiteQuery& query);
  SiteAnswer Nearest(const SiteQuery& query, Candidates candidates, std::size_t count,
                     std::uint32_t ttl);
  SiteAnswer Answer(Candidates chosen, std::uint32_t ttl, std::uint8_t bits);
  std::uint8_t BitsUsed(const SiteQuery& query, std::span<const policy::Candidate> candidates,
                        bool by_closeness, bool by_hash) const;
  Measured Judge(const SiteQuery& query, Candidates candidates) {
    return nearness_.Judge(query.pool, query.client, candidates);
  }
  void Count(std::span<const policy::Candidate> chosen);

  // The policies (site_policies.cc). Each answers those that it picks, the first of them first, and
  // may change the order of the others.
  Candidates Pick(const SiteQuery& query, policy::Method method, Candidates candidates,
                  std::size_t count);
  Candidates PickByPrice(const SiteQuery& query, Candidates candidates, std::size_t count);
  bool Explores(const SiteQuery& query, const Measured& measured, Candidates candidates);
  Candidates PickNear(const SiteQuery& query, const policy::Preference& preference,
                      Candidates candidates, std::size_t count);
  Candidates NearOrSpilt(const SiteQuery& query, Candidates candidates);
  policy::GroupLoad LoadOf(std::span<const policy::Candidate> group) const;
  Candidates PickCheapest(const SiteQuery& query, const policy::Preference& preference,
                          Candidates candidates, std::size_t count);
  void PickMixed(const SiteQuery& query, const policy::Preference& preference,
                 Candidates candidates, std::size_t count);
  static Candidates PickInTurn(Candidates candidates, std::size_t count, std::uint32_t turn);
  Candidates PickByShare(const SiteQuery& query, Candidates candidates, std::size_t count,
                         std::uint32_t turn);
  Candidates PickByHash(const SiteQuery& query, Candidates candidates, std::size_t count) const;
  bool GuardsDiffer(Candidates candidates) const;
  void Divide(const SiteQuery& query, Candidates candidates) const;
  void Weigh(const SiteQuery& query, Candidates candidates) const;
  std::uint32_t NextTurn(const SiteQuery& query);
  // A and AAAA apart: clients ask for both in turn.
  static std::size_t SlotOf(const SiteQuery& query) {
    return (query.hash + query.pool.address_size) % kSlots;
  }
  float GuardOf(const policy::Candidate& candidate) const {
    return candidate.node == fleet::kNoNode ? 1.0F : guards_[candidate.node];
  }

  const std::size_t worker_;
  WorkerStats& stats_;
  Random& random_;
  const Served* served_ = nullptr;
  const FleetView* fleet_ = nullptr;
  Nearness nearness_;
  const fleet::HostingTable* hosting_ = nullptr;  // null: no node named any site
  std::uint32_t counted_ = 0;                     // by site, of this second's answers
  float answer_scale_ = 1;                        // answers of all workers for one of this one's
  // By NodeIndex.
  std::vector<fleet::Tier> tiers_;          // for the sites that a node hosts
  std::vector<fleet::Tier> tiers_unnamed_;  // for those that no node has named
  std::vector<float> ones_;                 // what all have where a policy asks nothing of them
  std::vector<float> guards_;               // what the guards leave of a weight, 0 to 1
  std::vector<float> costs_;           // of one more session than sessions_, under the first gauge
  std::vector<float> sessions_;        // those published, and own answers since
  std::vector<Followed> followed_;     // other gauges that follow own answers
  std::vector<const float*> columns_;  // by number in Served::gauges; null: not in the view
  std::vector<policy::Candidate> scratch_;   // as long as the longest pool
  std::unique_ptr<CacheWatch> cache_watch_;  // null: no site asks
  std::chrono::milliseconds now_{0};
  static constexpr std::size_t kSlots = 4096;
  std::array<std::uint32_t, kSlots> turns_{};  // answers given, by SlotOf the site
  std::bitset<kSlots> panicking_;              // likewise; sites that share a slot leave it later
};

}  // namespace dnsd::answer

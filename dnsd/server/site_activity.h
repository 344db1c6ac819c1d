// Which sites are busiest, and who answers for them: the workers' tallies put together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/ip.h"

namespace dnsd::server {

// Keeps so many sites and no more, each from when it was first among the busiest; what falls to all
// others, and what fell to it before, is `other`. So no counter ever goes back but by leaving.
// One thread's, or guarded.
class SiteActivity {
 public:
  struct Count {
    std::uint64_t answers = 0;
    double rate = 0;  // a second, of late
  };
  struct Site {
    Count all;
    std::map<IpAddress, Count> members;  // addresses given out, kMostMembers at most
    Count other_members;                 // all other addresses given out, together
  };
  static constexpr std::size_t kMostMembers = 4 * answer::SiteTally::kMembers;

  // `most`: sites kept; 0: none.
  explicit SiteActivity(std::size_t most) : most_(most) {}

  // Takes in what has been counted since the last time, `seconds` ago. `weight`: that of this
  // period in the rates, 0 to 1.
  void Update(const std::vector<const answer::WorkerStats*>& workers, double seconds,
              double weight);

  // By the name in presentation format.
  const std::map<std::string, Site>& sites() const { return shown_; }
  std::uint64_t other() const { return other_; }

 private:
  // A row of a worker's tally when it was last read.
  struct Seen {
    std::uint64_t version = 0;
    std::uint64_t answers = 0;
    std::map<IpAddress, std::uint64_t> members;
    std::uint64_t other_members = 0;
  };
  struct Period {
    std::uint64_t answers = 0;
    std::map<IpAddress, std::uint64_t> members;
    std::uint64_t other_members = 0;
  };
  using Periods = std::map<std::string, Period>;  // by name in wire form

  static void Grow(Site& site, const Period& period, double seconds, double weight);
  Periods ReadAll(const std::vector<const answer::WorkerStats*>& workers);
  void Warm(const Periods& periods, double seconds, double weight);
  void ChooseShown();

  const std::size_t most_;
  std::vector<std::vector<Seen>> seen_;       // by worker and row
  std::map<std::string, double> rates_;       // of all sites counted, wire form
  std::map<std::string, Site> shown_;         // presentation format
  std::map<std::string, std::string> names_;  // of those shown: wire form to presentation format
  std::uint64_t site_answers_ = 0;            // all workers', when last read
  std::int64_t owed_ = 0;                     // samples that ran ahead of the true count
  std::uint64_t other_ = 0;
};

}  // namespace dnsd::server

// What goes on of late: rates, the busiest sites and the last minutes, for metrics and the page.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/server/balance.h"
#include "dnsd/server/observed.h"
#include "dnsd/server/site_activity.h"

namespace dnsd::server {

// Reads the counters about once a second; nothing is added to the query path. Any thread.
class Activity {
 public:
  static constexpr std::size_t kHistory = 300;  // points, about a second apart
  static constexpr std::size_t kNodesAPoint = 32;

  // One of the last minutes' periods.
  struct Point {
    std::uint64_t number = 0;    // counts up from 1
    double queries = 0;          // a second
    double answers_failed = 0;   // a second: no member was left
    std::uint64_t failed = 0;    // how many those were
    std::uint64_t panicked = 0;  // answers with suspects counted as usable
    // The addresses given out a second, of those nodes that had most, the most first; and of all
    // others together.
    std::vector<std::pair<fleet::NodeIndex, float>> nodes;
    double other_nodes = 0;
  };
  struct Now {
    std::map<std::string, SiteActivity::Site> sites;  // the busiest, by name
    std::uint64_t other_answers = 0;                  // of all other sites
    std::vector<double> node_rates;                   // answers a second, by NodeIndex
    double queries = 0;                               // a second
    double site_answers = 0;                          // a second
    std::uint64_t failed = 0;                         // answers of the last minutes: no member left
    std::uint64_t panicked = 0;                       // likewise: with suspects as usable
  };

  // Borrows `observed`. `sites`: how many are kept.
  Activity(const Observed& observed, std::size_t sites) : observed_(observed), sites_(sites) {}

  // Reads the counters: a point of the history. Once at the start, which is the first one's.
  void Update(MonotonicTime now);
  Now Get() const;
  // Those of the last minutes with a number above `after`, oldest first.
  std::vector<Point> Since(std::uint64_t after) const;

 private:
  struct Grown {
    std::uint64_t queries = 0, failed = 0, panicked = 0;
    std::vector<double> given;  // addresses, by NodeIndex
  };
  void TakePoint(double seconds, const Grown& grown);

  const Observed& observed_;
  mutable std::mutex mutex_;  // guards all below
  SiteActivity sites_;
  std::optional<MonotonicTime> updated_;
  std::uint64_t queries_ = 0, site_answers_ = 0;  // counters when last read
  std::uint64_t failed_ = 0, panicked_ = 0;       // likewise
  std::vector<std::uint64_t> node_answers_;       // likewise
  double query_rate_ = 0, answer_rate_ = 0;
  std::vector<double> node_rates_;
  std::deque<Point> points_;
  std::uint64_t next_number_ = 1;
};

}  // namespace dnsd::server

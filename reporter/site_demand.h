// What is asked of each site at this node, as rates.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "dnsd/base/clock.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::reporter {

// A second.
struct Demand {
  double requests = 0;
  double errors = 0;  // of those, answered with a status of 500 or more
  double octets = 0;  // of the responses

  friend bool operator==(const Demand&, const Demand&) = default;
};
using Demands = std::map<std::string, Demand, std::less<>>;  // by owner name, no final dot

// Counts requests and makes means of them in which what is two seconds old counts for 1/e. Names
// may be made up by clients: at most kMostSites are kept, and when there are as many, those with
// less than a request a second make room. Time is an argument.
class DemandMeter {
 public:
  static constexpr std::size_t kMostSites = 4096;

  // One request. `site`: as SiteName gives it, or empty: of no site that is known.
  void Count(std::string_view site, unsigned status, std::uint64_t octets);
  // Brings the rates up to `now`. Those that have faded away are gone after it.
  void Advance(MonotonicTime now);

  const Demands& sites() const { return rates_; }
  const Demand& total() const { return total_; }
  bool known() const { return known_; }  // there are rates: time has passed

 private:
  Demands counts_;  // since the last Advance
  Demand total_count_;
  Demands rates_;
  Demand total_;
  MonotonicTime time_;
  bool started_ = false, known_ = false;
};

// What one dnsd does not know yet of the demand. A rate is told again when it has moved by a tenth
// and a tenth of a request a second; those that have moved most come first, so that none waits for
// ever, and at most kMostTold go with a heartbeat.
class DemandNews {
 public:
  static constexpr int kMostTold = 256;

  // The next report tells all, as far as it goes; the following ones go on.
  void Resend() { full_ = true; }
  // Puts the news into `out` and counts them as told; leaves it alone when there are none.
  void Tell(const Demands& now, heartbeat::v1::Heartbeat& out);

 private:
  bool full_ = true;
  std::map<std::string, double, std::less<>> told_;  // requests a second; not those at zero
};

}  // namespace dnsd::reporter

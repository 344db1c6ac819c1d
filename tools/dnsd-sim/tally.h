// What one run measures.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/dnsload/histogram.h"

namespace dnsd::sim {

struct Result {
  double mean = 0;        // response time of a request, seconds
  double p99 = 0;         // likewise
  double slowdown99 = 0;  // 99 % of requests took at most so many times what they take alone at
                          // speed 1
  std::uint64_t requests = 0;
  std::uint64_t sessions = 0;
  std::uint64_t lost = 0;     // sessions that were sent to no live server
  std::uint64_t broken = 0;   // and those whose server died under them or answered an error
  double lost_seconds = 0;    // as seconds of all sessions
  double broken_seconds = 0;  // likewise
  double unfinished =
      0;              // requests under way at the end, of all: large where load exceeds capacity
  double served = 0;  // requests a second that were answered
  std::uint64_t queries = 0;        // to dnsd
  std::vector<double> utilisation;  // by node, the background included
  double imbalance = 0;             // its maximum over its mean

  friend bool operator==(const Result&, const Result&) = default;
};

// Response times; a percentile is exact within 3 %, a mean exact.
class Tally {
 public:
  // `work`: what it took of a CPU of speed 1, above 0.
  void Add(double response, double work) {
    responses_.Add(ToCount(response));
    sum_ += response;
    slowdowns_.Add(ToCount(response / work));
  }
  std::uint64_t count() const { return responses_.count(); }
  double mean() const { return count() == 0 ? 0 : sum_ / static_cast<double>(count()); }
  double Percentile(double share) const { return FromCount(responses_.Percentile(share)); }
  double SlowdownPercentile(double share) const { return FromCount(slowdowns_.Percentile(share)); }

 private:
  // The histogram counts in integers: nanoseconds, or billionths.
  static std::uint64_t ToCount(double value) {
    return static_cast<std::uint64_t>(value < 1e9 ? value * 1e9 : 1e18);
  }
  static double FromCount(std::uint64_t count) { return static_cast<double>(count) * 1e-9; }

  dnsload::Histogram responses_;
  dnsload::Histogram slowdowns_;
  double sum_ = 0;
};

}  // namespace dnsd::sim

// The rate limits as one response after another meets them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "dnsd/answer/exchange.h"
#include "dnsd/answer/rate_limit.h"
#include "dnsd/answer/response.h"
#include "dnsd/answer/served.h"
#include "dnsd/answer/worker_stats.h"
#include "dnsd/base/ip.h"

namespace dnsd::answer {

// A worker's own. For each response: Begin, note_name, then IsOver or Passes. Allocates in Adopt
// only. Borrows `stats`.
class RateGate {
 public:
  explicit RateGate(WorkerStats& stats) : stats_(stats) {}

  void Adopt(const Served& served);

  // Whether there are limits, and so set_time is wanted before a batch.
  bool has_limits() const { return limiter_ != nullptr; }
  void set_time(std::chrono::milliseconds now) { now_ = now; }
  // Brings the account that an answer most likely falls to into the cache; where has_limits().
  void LookAhead(const Exchange& exchange, const IpAddress& client) const;

  // A response to `client`, which must live until its end; not limited if `exempt`.
  void Begin(const IpAddress& client, bool exempt) {
    if (limiter_ != nullptr) limit_ = {!exempt, &client};
  }
  // Whether the response under way is limited at all.
  bool applies() const { return limit_.applies; }
  // A number for what the lookup ended at, the same for all names that end there.
  void note_name(std::uint64_t hash) { limit_.name_hash = hash; }
  // Debits the account that the response falls to, once. True if that is over the limit.
  bool IsOver(const wire::Query& query, ResponseClass response_class);
  // False if the response is not to be sent. One that slips is emptied.
  bool Passes(const wire::Query& query, Response& response);

 private:
  struct Limit {
    bool applies = false;
    const IpAddress* client = nullptr;
    std::uint64_t name_hash = 0;
    std::optional<Verdict> verdict = {};  // once judged
  };

  WorkerStats& stats_;
  std::unique_ptr<RateLimiter> limiter_;  // null: nothing is limited
  std::chrono::milliseconds now_{0};
  Limit limit_;
};

}  // namespace dnsd::answer

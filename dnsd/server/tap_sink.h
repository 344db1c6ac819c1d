// Where tapped queries go.
#pragma once

#include <cstdint>

#include "dnsd/base/clock.h"
#include "dnsd/base/counter.h"
#include "dnsd/server/query_tap.h"

namespace dnsd::server {

// Take, Tend and Reopen are for the reader's thread, the counts for any.
class TapSink {
 public:
  TapSink() = default;
  virtual ~TapSink() = default;
  TapSink(const TapSink&) = delete;
  TapSink& operator=(const TapSink&) = delete;

  virtual void Take(const TappedQuery& query) = 0;
  // After each round: sends on what waits, opens again what has failed.
  virtual void Tend(MonotonicTime now) = 0;
  // The operator has moved the file away.
  virtual void Reopen() = 0;

  // Queries told of, and those that could not be.
  std::uint64_t written() const { return written_.value(); }
  std::uint64_t lost() const { return lost_.value(); }

 protected:
  Counter written_, lost_;
};

}  // namespace dnsd::server

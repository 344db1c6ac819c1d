// What a Prometheus server may scrape. docs/monitoring.md lists every metric.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/server/activity.h"
#include "dnsd/server/observed.h"
#include "dnsd/server/process_figures.h"

namespace dnsd::server {

// Reads the counters when scraped: nothing is added to the query path. Any thread.
class Metrics : public prometheus::Collectable {
 public:
  Metrics(const Observed& observed, const Activity& activity)
      : observed_(observed), activity_(activity) {}

  std::vector<prometheus::MetricFamily> Collect() const override;
  // In Prometheus's text format; ages are as of `now`.
  std::string Text(MonotonicTime now) const;

 private:
  std::vector<prometheus::MetricFamily> CollectAt(MonotonicTime now) const;

  const Observed& observed_;
  const Activity& activity_;
  mutable ProcessReader process_;  // guards itself
};

}  // namespace dnsd::server

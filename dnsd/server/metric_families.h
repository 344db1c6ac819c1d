// Families of metrics while they are gathered.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace dnsd::server {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

// A family's metrics follow it.
class MetricFamilies {
 public:
  void Counter(const char* name, const char* help) {
    Begin(name, prometheus::MetricType::Counter, help);
  }
  void Gauge(const char* name, const char* help) {
    Begin(name, prometheus::MetricType::Gauge, help);
  }
  void Histogram(const char* name, const char* help) {
    Begin(name, prometheus::MetricType::Histogram, help);
  }

  // A metric of the family begun last.
  void Add(double value, MetricLabels labels = {}) {
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    metric.gauge.value = metric.counter.value = value;
  }
  void Add(std::uint64_t value, MetricLabels labels = {}) {
    Add(static_cast<double>(value), std::move(labels));
  }
  void Add(prometheus::ClientMetric::Histogram histogram) {
    families_.back().metric.emplace_back().histogram = std::move(histogram);
  }

  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  void Begin(const char* name, prometheus::MetricType type, const char* help) {
    families_.push_back({name, help, type, {}});
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace dnsd::server

#include "reporter/load_report.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace dnsd::reporter {
namespace {

using heartbeat::v1::Load;
using Json = nlohmann::json;

enum class Range {
  kShare,  // 0 to 1
  kNotNegative,
};

struct Metric {
  const char* name;
  Range range;
  void (Load::*set)(double);
};

// `rps_fractional` after `rps`: ORCA has both, and means the first where both are given.
constexpr Metric kMetrics[] = {
    {"cpu_utilization", Range::kShare, &Load::set_cpu_utilization},
    {"mem_utilization", Range::kShare, &Load::set_mem_utilization},
    {"application_utilization", Range::kNotNegative, &Load::set_application_utilization},
    {"rps", Range::kNotNegative, &Load::set_rps},
    {"rps_fractional", Range::kNotNegative, &Load::set_rps},
    {"eps", Range::kNotNegative, &Load::set_eps},
    {"cpus", Range::kNotNegative, &Load::set_cpus},
    {"run_queue", Range::kNotNegative, &Load::set_run_queue},
    {"blocked_processes", Range::kNotNegative, &Load::set_blocked_processes},
    {"swap_out_rate", Range::kNotNegative, &Load::set_swap_out_rate},
    {"disk_utilization", Range::kShare, &Load::set_disk_utilization},
    {"network_utilization", Range::kShare, &Load::set_network_utilization},
    {"disk_bytes_per_second", Range::kNotNegative, &Load::set_disk_bytes_per_second},
    {"network_bytes_per_second", Range::kNotNegative, &Load::set_network_bytes_per_second},
    {"connections", Range::kNotNegative, &Load::set_connections},
    {"sps", Range::kNotNegative, &Load::set_sps},
    {"memory_available_bytes", Range::kNotNegative, &Load::set_memory_available_bytes},
    {"memory_total_bytes", Range::kNotNegative, &Load::set_memory_total_bytes},
    {"cpu_pressure", Range::kShare, &Load::set_cpu_pressure},
    {"memory_pressure", Range::kShare, &Load::set_memory_pressure},
    {"io_pressure", Range::kShare, &Load::set_io_pressure},
    {"process_time_seconds", Range::kNotNegative, &Load::set_process_time_seconds},
    {"busy_workers", Range::kNotNegative, &Load::set_busy_workers},
    {"workers", Range::kNotNegative, &Load::set_workers},
    {"memory_per_connection_bytes", Range::kNotNegative, &Load::set_memory_per_connection_bytes},
};

// Measurements overshoot; a percentage is another thing.
constexpr double kMostShare = 2;

const Metric* FindMetric(const std::string& name) {
  for (const Metric& metric : kMetrics) {
    if (name == metric.name) return &metric;
  }
  return nullptr;
}

std::string Fault(const std::string& key, const Json& value, const std::string& wanted) {
  static constexpr std::size_t kMostShown = 60;
  const std::string found =
      value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, kMostShown);
  return "key '" + key + "': found " + found + ", wanted " + wanted;
}

class ReportReader {
 public:
  LoadReport Read(const Json& object) {
    for (const auto& [key, value] : object.items()) {
      if (const Metric* metric = FindMetric(key)) {
        if (key != "rps" || !object.contains("rps_fractional")) ReadMetric(*metric, value);
      } else if (key == "named_metrics") {
        ReadNamed(value);
      } else {
        ReadNumber(key, value);
      }
    }
    return std::move(report_);
  }

 private:
  void ReadMetric(const Metric& metric, const Json& value) {
    const double number = value.is_number() ? value.get<double>() : std::nan("");
    const bool share = metric.range == Range::kShare;
    if (!std::isfinite(number) || number < 0 || (share && number > kMostShare)) {
      report_.faults.push_back(Fault(
          metric.name, value,
          share ? "a number from 0 to 1 (a share, not a percentage)" : "a number, 0 or more"));
      return;
    }
    (report_.load.*metric.set)(share ? std::min(number, 1.0) : number);
  }

  void ReadNamed(const Json& value) {
    if (!value.is_object()) {
      report_.faults.push_back(Fault("named_metrics", value, "an object of numbers"));
      return;
    }
    for (const auto& [key, number] : value.items()) ReadNumber(key, number);
  }

  void ReadNumber(const std::string& key, const Json& value) {
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
      report_.faults.push_back(Fault(key, value, "a number"));
      return;
    }
    (*report_.load.mutable_named_metrics())[key] = value.get<double>();
  }

  LoadReport report_;
};

std::string Join(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "" : "; ") + line;
  return all;
}

}  // namespace

absl::StatusOr<LoadReport> ParseLoadReport(const std::string& json) {
  const Json object = Json::parse(json, nullptr, false);
  if (object.is_discarded()) return absl::InvalidArgumentError("not valid JSON");
  if (!object.is_object()) return absl::InvalidArgumentError("not a JSON object");
  return ReportReader().Read(object);
}

std::string LoadBoard::Take(const absl::StatusOr<std::string>& json, MonotonicTime now) {
  if (json.ok() && !failing_ && load_ && *json == last_json_) {  // the usual case: no news
    good_at_ = now;
    return {};
  }
  const auto report = json.ok() ? ParseLoadReport(*json) : json.status();
  failing_ = !report.ok();
  std::string fault;
  if (failing_) {
    fault = Message(report.status()) + "; its last good values count for 10 s, then the kernel's";
  } else {
    fault = Join(report->faults);
    if (!fault.empty()) fault += "; the kernel's value counts";
    load_ = report->load;
    last_json_ = *json;
    good_at_ = now;
  }
  if (fault == fault_) return {};
  fault_ = fault;
  return fault;
}

const heartbeat::v1::Load* LoadBoard::Find(MonotonicTime now) const {
  return load_ && now - good_at_ <= kGrace ? &*load_ : nullptr;
}

}  // namespace dnsd::reporter

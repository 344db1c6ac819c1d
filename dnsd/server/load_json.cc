#include "dnsd/server/load_json.h"

namespace dnsd::server {
namespace {

using fleet::Load;

constexpr struct {
  const char* name;
  std::optional<double> Load::*value;
} kFields[] = {
    {"cpu_utilization", &Load::cpu_utilization},
    {"mem_utilization", &Load::mem_utilization},
    {"application_utilization", &Load::application_utilization},
    {"rps", &Load::rps},
    {"eps", &Load::eps},
    {"sps", &Load::sps},
    {"cpus", &Load::cpus},
    {"run_queue", &Load::run_queue},
    {"blocked_processes", &Load::blocked_processes},
    {"swap_out_rate", &Load::swap_out_rate},
    {"disk_utilization", &Load::disk_utilization},
    {"network_utilization", &Load::network_utilization},
    {"connections", &Load::connections},
    {"memory_available_bytes", &Load::memory_available_bytes},
    {"memory_total_bytes", &Load::memory_total_bytes},
    {"disk_bytes_per_second", &Load::disk_bytes_per_second},
    {"network_bytes_per_second", &Load::network_bytes_per_second},
    {"cpu_pressure", &Load::cpu_pressure},
    {"memory_pressure", &Load::memory_pressure},
    {"io_pressure", &Load::io_pressure},
    {"process_time_seconds", &Load::process_time_seconds},
    {"busy_workers", &Load::busy_workers},
    {"workers", &Load::workers},
    {"memory_per_connection_bytes", &Load::memory_per_connection_bytes},
};
constexpr const char* kNamedMetrics = "named_metrics";

}  // namespace

nlohmann::ordered_json LoadToJson(const Load& load) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& field : kFields) {
    if (load.*field.value) json[field.name] = *(load.*field.value);
  }
  if (!load.named_metrics.empty()) json[kNamedMetrics] = load.named_metrics;
  return json;
}

Load LoadFromJson(const nlohmann::json& json) {
  Load load;
  if (!json.is_object()) return load;
  for (const auto& field : kFields) {
    const auto at = json.find(field.name);
    if (at != json.end() && at->is_number()) load.*field.value = at->get<double>();
  }
  const auto named = json.find(kNamedMetrics);
  if (named == json.end() || !named->is_object()) return load;
  for (const auto& [name, value] : named->items()) {
    if (value.is_number()) load.named_metrics[name] = value.get<double>();
  }
  return load;
}

}  // namespace dnsd::server

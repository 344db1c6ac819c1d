#include "tools/dnsd-sim/web_server.h"

#include <algorithm>

namespace dnsd::sim {

WebServer::WebServer(const NodeSpec& spec, const SessionSpec& sessions)
    : spec_(spec),
      memory_per_connection_(sessions.memory),
      machine_(spec.cpus, spec.speed),
      background_(spec.background) {
  ApplyBackground(0);
}

std::vector<JobId> WebServer::Die(double now) {
  alive_ = false;
  ++life_;
  connections_ = sessions_ = 0;
  return machine_.Clear(now);
}

void WebServer::ApplyBackground(double now) {
  machine_.SetBackground(override_.value_or(background_.share()), now);
}

void WebServer::OverrideBackground(std::optional<double> share, double now) {
  override_ = share;
  ApplyBackground(now);
}

void WebServer::CountRequest(double response, bool failed) {
  ++requests_;
  failed_ += failed ? 1 : 0;
  response_sum_ += response;
}

void WebServer::Tick() {
  queue_sum_ += machine_.runnable();
  ++ticks_;
}

double WebServer::CpuSinceReport(double now) {
  const double dt = now - reported_at_;
  if (dt <= 0) return reported_cpu_;
  const double busy = machine_.BusySeconds(now) - reported_busy_;
  return std::clamp(busy / (dt * machine_.cpus()), 0.0, 1.0);
}

fleet::Load WebServer::Report(double now) {
  Tick();
  const double dt = now - reported_at_;
  fleet::Load load;
  load.cpus = machine_.cpus();
  load.connections = static_cast<double>(connections_);
  load.run_queue = queue_sum_ / ticks_;
  const double used = static_cast<double>(connections_) * memory_per_connection_;
  load.memory_total_bytes = spec_.memory;
  load.memory_available_bytes = std::max(0.0, spec_.memory - used);
  load.mem_utilization = std::min(1.0, used / spec_.memory);
  if (dt > 0) {
    reported_cpu_ = CpuSinceReport(now);
    load.cpu_utilization = reported_cpu_;
    load.sps = static_cast<double>(opened_) / dt;
    load.rps = static_cast<double>(requests_) / dt;
    load.eps = static_cast<double>(failed_) / dt;
  }
  if (requests_ > 0) load.process_time_seconds = response_sum_ / static_cast<double>(requests_);
  reported_at_ = now;
  reported_busy_ = machine_.BusySeconds(now);
  queue_sum_ = 0;
  ticks_ = 0;
  opened_ = requests_ = failed_ = 0;
  response_sum_ = 0;
  return load;
}

}  // namespace dnsd::sim

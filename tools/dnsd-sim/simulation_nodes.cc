// What befalls the nodes of a simulation, and what their reporters send.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "tools/dnsd-sim/simulation.h"

namespace dnsd::sim {
namespace {

constexpr double kTickEvery = 0.2;  // seconds, as the reporter has it

}  // namespace

void Simulation::OnEvent(const NodeEvent& event, bool begins) {
  const auto node = static_cast<NodeId>(event.node);
  WebServer& server = servers_[node];
  switch (event.kind) {
    case NodeEvent::Kind::kSlow:
      server.SetSlowness(begins ? event.value : 1, now_);
      break;
    case NodeEvent::Kind::kErrors:
      server.SetErrorShare(begins ? event.value : 0);
      break;
    case NodeEvent::Kind::kBackground:
      server.OverrideBackground(begins ? std::optional(event.value) : std::nullopt, now_);
      break;
    case NodeEvent::Kind::kDead:
      if (begins) {
        Die(node);
      } else if (!server.alive()) {
        server.Revive();
        if (!dnsds_.empty()) StartReporter(node, now_);
      }
      break;
  }
  WakeNode(node);
}

void Simulation::Die(NodeId node) {
  if (!servers_[node].alive()) return;
  for (const JobId session : servers_[node].Die(now_)) Break(session);
}

// At `at` it says Hello on a new stream, and reports from then on.
void Simulation::StartReporter(NodeId node, double at) {
  nodes_[node].stream = 0;
  if (nodes_[node].reporting) return;  // what is pending finds it alive again
  nodes_[node].reporting = true;
  queue_.Push(at, {What::kReport, node});
  queue_.Push(at, {What::kTick, node});
}

void Simulation::OnTick(NodeId node) {
  if (!nodes_[node].reporting) return;
  WebServer& server = servers_[node];
  server.Tick();
  const double early = scenario_.reports.early;
  if (early > 0 && server.alive() && nodes_[node].stream != 0 &&
      std::abs(server.CpuSinceReport(now_) - server.reported_cpu()) >= early) {
    SendReport(node, false);
  }
  queue_.Push(now_ + std::min(kTickEvery, cell_.interval), {What::kTick, node});
}

void Simulation::OnReport(NodeId node) {
  if (!servers_[node].alive()) {
    nodes_[node].reporting = false;
    return;
  }
  SendReport(node, nodes_[node].stream == 0);
  queue_.Push(now_ + cell_.interval, {What::kReport, node});
}

void Simulation::SendReport(NodeId index, bool hello) {
  Node& node = nodes_[index];
  if (hello) {
    node.stream = streams_ + 1;
    streams_ += dnsds_.size();
    node.sequence = 0;
  }
  const fleet::Heartbeat beat{.sequence = ++node.sequence, .load = servers_[index].Report(now_)};
  for (std::uint32_t i = 0; i < dnsds_.size(); ++i) {
    if (!hello && reports_random_.Unit() < scenario_.reports.loss) continue;
    if (free_reports_.empty()) {
      free_reports_.push_back(static_cast<std::uint32_t>(reports_.size()));
      reports_.emplace_back();
    }
    const std::uint32_t slot = free_reports_.back();
    free_reports_.pop_back();
    Report& report = reports_[slot];
    report.dnsd = i;
    report.event.stream = node.stream + i;
    report.event.what = beat;
    if (hello) {
      report.event.what = fleet::Hello{.node = "n" + std::to_string(index + 1),
                                       .addresses = {SimZone::AddressOf(index)},
                                       .software_version = DNSD_VERSION,
                                       .interval = FromSeconds(cell_.interval),
                                       .boot_id = servers_[index].life() + 1,
                                       .state = beat};
    }
    queue_.Push(now_ + scenario_.reports.delay, {What::kDelivery, slot});
  }
}

void Simulation::OnDelivery(std::uint32_t slot) {
  const std::uint32_t dnsd = reports_[slot].dnsd;
  dnsds_[dnsd].server->Put(std::move(reports_[slot].event), now_);
  free_reports_.push_back(slot);
  WakeDnsd(dnsd);
}

}  // namespace dnsd::sim

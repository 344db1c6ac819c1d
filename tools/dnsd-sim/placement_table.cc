#include "tools/dnsd-sim/placement_table.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

namespace dnsd::sim {
namespace {

template <typename... Args>
std::string Format(const char* format, Args... args) {
  char text[400];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

// The run of the same room by a method of this kind; null: there is none.
const PlacementRun* Beside(const PlacementScenario& scenario, const std::vector<PlacementRun>& runs,
                           const PlacementRun& run, PlacementMethod::Kind kind) {
  for (const PlacementRun& other : runs) {
    if (other.room == run.room && scenario.methods[other.method].kind == kind) return &other;
  }
  return nullptr;
}

// Of the overload that nothing done leaves, what was avoided: 1 as with every site everywhere.
std::string Avoided(const PlacementScenario& scenario, const std::vector<PlacementRun>& runs,
                    const PlacementRun& run) {
  const PlacementRun* none = Beside(scenario, runs, run, PlacementMethod::Kind::kStatic);
  const PlacementRun* all = Beside(scenario, runs, run, PlacementMethod::Kind::kEverywhere);
  if (none == nullptr || all == nullptr) return "-";
  const double most = none->tally.unserved - all->tally.unserved;
  if (most <= 0) return "-";
  return Format("%.4f", (none->tally.unserved - run.tally.unserved) / most);
}

std::string Line(const PlacementScenario& scenario, const std::vector<PlacementRun>& runs,
                 const PlacementRun& run, bool times, int width) {
  const PlacementTally& t = run.tally;
  const double peak = std::max(1e-9, t.crowd_peak);
  const double days = scenario.duration / 86'400;
  std::string line =
      Format("%-*s", width, scenario.methods[run.method].name.c_str()) +
      (scenario.rooms.empty() ? "" : Format("  %5.3g", run.room)) +
      Format("  %9s", t.absorbed < 0 ? "-" : Format("%.1f", t.absorbed).c_str()) +
      (t.crowd_peak > 0 ? Format("  %10.4g", t.unserved / peak) : Format("  %10s", "-")) +
      Format("  %10.4g  %9.5f  %7s", t.unserved, 1 - t.unserved / std::max(1e-9, t.asked),
             Avoided(scenario, runs, run).c_str()) +
      Format("  %7llu  %7llu  %7llu  %7llu  %7llu  %8.4g",
             static_cast<unsigned long long>(t.copies), static_cast<unsigned long long>(t.drops),
             static_cast<unsigned long long>(t.evictions),
             static_cast<unsigned long long>(t.thrashed), static_cast<unsigned long long>(t.broken),
             static_cast<double>(t.copies + t.drops) / scenario.sites / days);
  if (times && t.rounds > 0) {
    line += Format("  %7.2f  %7.2f", 1e3 * t.decision_sum / static_cast<double>(t.rounds),
                   1e3 * t.decision_most);
  }
  return line + "\n";
}

}  // namespace

std::vector<PlacementRun> RunPlacement(const PlacementScenario& scenario, std::size_t jobs) {
  std::vector<double> rooms = scenario.rooms;
  if (rooms.empty()) rooms = {-1};
  std::vector<PlacementRun> runs;
  for (const double room : rooms) {
    for (std::size_t method = 0; method < scenario.methods.size(); ++method) {
      runs.push_back({room, method, {}});
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < runs.size(); i = next++) {
      runs[i].tally =
          PlacementCluster(scenario, scenario.methods[runs[i].method], runs[i].room).Run();
    }
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < std::min(jobs, runs.size()); ++i) others.emplace_back(work);
  work();
  for (std::thread& thread : others) thread.join();
  return runs;
}

std::string PlacementTable(const PlacementScenario& scenario, const std::vector<PlacementRun>& runs,
                           bool times) {
  std::size_t width = 6;
  for (const PlacementMethod& method : scenario.methods) {
    width = std::max(width, method.name.size());
  }
  const int columns = static_cast<int>(width);
  double cpus = 0;
  for (const policy::PlacementNode& node : scenario.nodes) cpus += node.cpus;
  std::string text = Format("%s: %zu nodes of %.5g CPUs, %u sites\n", scenario.name.c_str(),
                            scenario.nodes.size(), cpus, scenario.sites) +
                     Format("%-*s", columns, "method") + (scenario.rooms.empty() ? "" : "   room") +
                     "   absorbed  unserved/p  unserved/c     served  avoided   copies    drops  "
                     "evicted thrashed   broken  moves/sd" +
                     (times ? "  mean ms  most ms\n" : "\n");
  for (const PlacementRun& run : runs) text += Line(scenario, runs, run, times, columns);
  return text;
}

}  // namespace dnsd::sim

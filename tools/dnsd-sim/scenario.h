// What is simulated: servers, clients, resolvers, dnsd and reporters, as a scenario file has them.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/server/config.h"
#include "tools/dnsd-sim/background.h"
#include "tools/dnsd-sim/demand.h"
#include "tools/dnsd-sim/draws.h"
#include "tools/dnsd-sim/resolvers.h"

namespace dnsd::sim {

// All times are seconds since the start, all work seconds of a CPU of speed 1.

struct NodeSpec {
  double cpus = 1;
  double speed = 1;
  double memory = 4e9;  // octets
  BackgroundSpec background{};

  double capacity() const { return cpus * speed * (1 - background.mean); }
};

// What befalls a node.
struct NodeEvent {
  enum class Kind : std::uint8_t {
    kSlow,        // its speed is divided by `value`
    kDead,        // it is gone, its reporter too
    kErrors,      // this share of its requests fails at once
    kBackground,  // its background is `value`
  };
  double at = 0;
  double lasts = std::numeric_limits<double>::infinity();
  std::size_t node = 0;
  Kind kind = Kind::kSlow;
  double value = 0;
};

struct SessionSpec {
  // How sessions begin: at random (a Poisson process), evenly, or each client's next one as soon as
  // its last has ended.
  enum class Arrivals : std::uint8_t { kPoisson, kRegular, kClosed };
  Arrivals arrivals = Arrivals::kPoisson;
  std::size_t clients = 0;  // of kClosed
  double requests = 10;     // mean of a geometric number; at least 1
  Distribution work{.shape = Shape::kExponential, .mean = 0.05};  // of a request
  Distribution think{.shape = Shape::kExponential, .mean = 1};    // between two requests
  double keep_alive = 0;  // how long its connection stays open after the last request
  double memory = 3.5e6;  // octets that a connection takes

  double mean_work() const { return requests * work.mean; }
};

struct ReportSpec {
  double interval = 1;
  double loss = 0;      // share of the reports
  double delay = 0.01;  // on the way
  // A report ahead of time, at most five a second, when CPU use is so much off the last report's;
  // 0: never.
  double early = 0;
};

struct DnsdSpec {
  std::size_t count = 1;
  std::vector<double> shares;  // of the queries; empty: equal
  std::size_t workers = 1;     // each
};

struct PolicySpec {
  enum class Kind : std::uint8_t {
    kDnsd,      // what dnsd does with these options
    kLimit,     // sees every node's true state; decides once a DNS query
    kSplitter,  // likewise, once a request
    kCounts,    // once a query, sees how many sessions each node has, not their requests
  };
  std::string name;
  Kind kind = Kind::kDnsd;
  std::shared_ptr<const server::Config> config;  // of dnsd; null unless kDnsd
  bool true_weights = false;  // its members' weights are their nodes' true capacities
};

// The highest utilisation that a policy sustains.
struct FindSpec {
  // 99 % of requests take at most so many times what they take alone at speed 1.
  double slowdown99 = std::numeric_limits<double>::infinity();
  // At most this share of the requests is still under way at the end.
  double unfinished = std::numeric_limits<double>::infinity();
  double from = 0.05;
  double to = 1;
};

// One point that is simulated, every number fixed.
struct Cell {
  double utilisation = 0.7;  // mean work asked for, of the nodes' capacity
  std::size_t dnsd = 1;
  double interval = 1;  // of the reports
};

struct Scenario {
  std::string path;
  std::string name;
  double warm_up = 60;  // not measured
  double duration = 300;
  std::size_t repetitions = 3;
  std::uint64_t seed = 1;  // of the first repetition
  std::vector<NodeSpec> nodes;
  std::vector<NodeEvent> events;
  SessionSpec sessions;
  std::vector<Step> demand;    // factors of the rate
  std::optional<double> rate;  // sessions a second at factor 1; else what the utilisation takes
  ResolverSpec resolvers;
  DnsdSpec dnsd;
  ReportSpec reports;
  std::vector<PolicySpec> policies;
  // What is swept: every combination is a cell.
  std::vector<double> utilisations{0.7};
  std::vector<std::size_t> dnsd_counts{1};
  std::vector<double> intervals{1};
  std::optional<FindSpec> find;  // instead of the utilisations

  double capacity() const {
    double sum = 0;
    for (const NodeSpec& node : nodes) sum += node.capacity();
    return sum;
  }
  std::vector<Cell> cells() const {
    std::vector<Cell> all;
    for (const double interval : intervals) {
      for (const std::size_t count : dnsd_counts) {
        for (const double utilisation : utilisations) all.push_back({utilisation, count, interval});
      }
    }
    return all;
  }
  // Sessions a second that the cell asks for.
  double RateOf(const Cell& cell) const {
    return rate.value_or(cell.utilisation * capacity() / sessions.mean_work());
  }
};

}  // namespace dnsd::sim

// One dnsd on a virtual clock: its own control loop, workers and answers, without its sockets.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dnsd/answer/responder.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/server/controller.h"
#include "tools/dnsd-sim/resolvers.h"

namespace dnsd::sim {

// The zone that is served: one site with the scenario's nodes for members.
class SimZone {
 public:
  // `config`: the policy; its zones are replaced.
  //   Internal   the zone's temporary file cannot be written
  static absl::StatusOr<SimZone> Load(const server::Config& config, std::size_t nodes);

  static IpAddress AddressOf(NodeId node);
  const answer::Served& served() const { return *served_; }
  const server::Config& config() const { return config_; }
  AddressTable& addresses() { return *addresses_; }

 private:
  server::Config config_;
  std::unique_ptr<AddressTable> addresses_;
  std::shared_ptr<const answer::Served> served_;
};

// Time is an argument and never goes back.
class DnsServer {
 public:
  static MonotonicTime ClockAt(double seconds) {
    return MonotonicTime(std::chrono::seconds(1000)) + FromSeconds(seconds);
  }

  // Borrows `zone`, which one dnsd alone may use.
  DnsServer(SimZone& zone, std::size_t workers, std::uint64_t seed);

  // An event came in from a reporter. The control loop takes it up in its next turn.
  void Put(fleet::Event event, double now);
  // When that is: at once, but 50 ms after the last turn at the soonest.
  double next_turn() const { return next_turn_; }
  void Turn(double now);

  // Asks one worker for the site's address.
  struct Answer {
    NodeList nodes;
    double ttl = 0;
  };
  Answer Ask(std::size_t worker, const IpAddress& client, double now);

  std::size_t workers() const { return workers_.size(); }
  const answer::FleetView& view() const { return *published_.Get(); }

 private:
  struct Worker {
    Worker(std::size_t number, std::uint64_t seed, const Published<answer::FleetView>& published)
        : stats(std::make_unique<answer::WorkerStats>()),
          responder(std::make_unique<answer::Responder>(number, *stats, seed)),
          view(published) {}
    std::unique_ptr<answer::WorkerStats> stats;
    std::unique_ptr<answer::Responder> responder;
    View<answer::FleetView> view;
  };

  std::vector<std::uint8_t> query_;
  Published<answer::FleetView> published_{std::make_shared<answer::FleetView>()};
  std::vector<Worker> workers_;
  std::unique_ptr<server::Controller> controller_;
  std::vector<fleet::Event> inbox_;
  double next_turn_ = 0;
  double not_before_ = 0;
  std::array<std::uint8_t, 4096> out_;
};

}  // namespace dnsd::sim

// One run: a policy, a cell of a scenario, a seed.
//
//   clients ── session ──> resolver ──(not cached)──> dnsd 1..n <── reports ── reporter
//      │                                                                          │
//      └────────── requests, one after the other ──────────> web server ──────────┘
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tools/dnsd-sim/dns_server.h"
#include "tools/dnsd-sim/event_queue.h"
#include "tools/dnsd-sim/omniscient.h"
#include "tools/dnsd-sim/scenario.h"
#include "tools/dnsd-sim/tally.h"
#include "tools/dnsd-sim/web_server.h"

namespace dnsd::sim {

// Used once. The same arguments give the same result, to the bit. Of one seed, every policy meets
// the same sessions at the same times with the same work.
class Simulation {
 public:
  // Borrows `scenario`. `zones`: one for each dnsd of the cell, loaded from the policy's
  // configuration; none for the policies that are not dnsd's.
  Simulation(const Scenario& scenario, const Cell& cell, PolicySpec::Kind kind,
             std::vector<SimZone>& zones, std::uint64_t seed);

  Result Run();

 private:
  enum class What : std::uint8_t {
    kArrival,     // a session begins
    kDone,        // node: its next job is done, if `version` is still its own
    kThought,     // session: its client wants the next request
    kClosed,      // node: a connection is closed, if `version` is its life
    kTick,        // node: its reporter samples
    kReport,      // node: it reports
    kDelivery,    // a report's place in reports_: it comes in
    kTurn,        // dnsd: its control loop's next turn, if `version` is still its own
    kBackground,  // node
    kBegins,      // event of the scenario
    kEnds,        // likewise
  };
  struct Item {
    What what = What::kArrival;
    std::uint32_t index = 0;
    std::uint32_t version = 0;
  };
  struct Session {
    Random random{0};  // its own, so that it is the same under every policy
    NodeId node = 0;
    std::uint32_t life = 0;  // of the node, when it connected
    std::uint32_t left = 0;  // requests, the one under way included
    double began = 0;
    double request_began = 0;
    double work = 0;  // of the request under way
    bool running = false;
    bool fails = false;  // the request under way
  };
  struct Node {
    double wake = PsNode::kNever;  // the pending kDone
    std::uint32_t version = 0;
    bool reporting = false;    // a kTick and a kReport are pending
    std::uint64_t stream = 0;  // of this life; the dnsd's number is added
    std::uint64_t sequence = 0;
  };
  struct Report {
    std::uint32_t dnsd = 0;
    fleet::Event event;
  };
  struct Dnsd {
    std::unique_ptr<DnsServer> server;
    double wake = PsNode::kNever;
    std::uint32_t version = 0;
  };

  void Start();
  void Take(const Item& item);
  void ScheduleArrival();
  void OnArrival();
  void OnDone(NodeId node);
  void OnReport(NodeId node);
  void OnTick(NodeId node);
  void OnDelivery(std::uint32_t report);
  void OnEvent(const NodeEvent& event, bool begins);

  bool Connect(Session& session, ResolverId resolver);
  NodeList Ask(ResolverId resolver, double& ttl);
  void BeginRequest(std::uint32_t session);
  void EndRequest(std::uint32_t session);
  void Lose(std::uint32_t session);
  void Break(std::uint32_t session);
  void Free(std::uint32_t session);
  std::uint32_t NewSession();
  void Die(NodeId node);
  void StartReporter(NodeId node, double at);
  void SendReport(NodeId node, bool hello);
  void WakeNode(NodeId node);
  void WakeDnsd(std::uint32_t dnsd);
  bool IsMeasured(double time) const { return time >= scenario_.warm_up && time < end_; }
  Result Finish();

  const Scenario& scenario_;
  const Cell cell_;
  const PolicySpec::Kind kind_;
  const double end_;
  // Apart, so that no policy's choices disturb what the clients do.
  Random sessions_random_, resolvers_random_, background_random_, reports_random_, choice_random_;
  Demand demand_;
  Resolvers resolvers_;
  Omniscient omniscient_;
  std::vector<WebServer> servers_;
  std::vector<Node> nodes_;
  std::vector<Dnsd> dnsds_;
  std::vector<double> dnsd_shares_;  // cumulated
  std::vector<Session> sessions_;
  std::vector<std::uint32_t> free_sessions_;
  std::vector<Report> reports_;
  std::vector<std::uint32_t> free_reports_;
  EventQueue<Item> queue_;
  double now_ = 0;
  std::uint64_t streams_ = 0;
  bool measuring_ = false;
  std::vector<double> busy_before_;  // BusySeconds at the end of the warm-up
  Tally tally_;
  Result result_;
  std::uint64_t answered_ = 0;
};

}  // namespace dnsd::sim

// A zone with sites, and a fleet with a status report that speaks of the same nodes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dnsd/server/status_report.h"
#include "tests/unit/answer/asking.h"

namespace dnsd::server {

// Three nodes, and a member that nobody reports of; the third node is dead.
class KnownFleetTest : public answer::AskingTest {
 protected:
  void SetUp() override {
    AddZone("example",
            "www A 192.0.2.1\nwww A 198.51.100.2\nwww A 203.0.113.3\nwww A 203.0.113.4\n"
            "six AAAA 2001:db8::1\nsix AAAA 2001:db8::2\n"
            "plain A 192.0.2.9\nalias CNAME www\n*.host A 192.0.2.1\n*.host A 198.51.100.2\n");
    Know("a", NodeOfLoad(0.2F), "192.0.2.1", fleet::NodeState::kAlive, "reports in time");
    Know("b", NodeOfLoad(0.9F), "198.51.100.2", fleet::NodeState::kAlive, "reports in time");
    answer::NodeEntry dead = NodeOfLoad(0);
    dead.tier = fleet::Tier::kExcluded;
    Know("c", dead, "203.0.113.3", fleet::NodeState::kDead, "no heartbeat in time");
    fleet_.node_of.resize(32, fleet::kNoNode);
    Host(1, {{"shop.host.example", true}, {"www.example", true}});
    Start();
  }

  void Know(const std::string& name, const answer::NodeEntry& entry, const char* address,
            fleet::NodeState state, const char* reason) {
    AddNode(entry, {address});
    places_.push_back({name, {}});
    fleet_.places = std::make_shared<const std::vector<fleet::NamedPlace>>(places_);
    NodeStatus status;
    status.name = name;
    status.state = state;
    status.reason = reason;
    status.load.cpu_utilization = 0.25;
    report_.nodes.push_back(status);
  }

  std::vector<fleet::NamedPlace> places_;
  StatusReport report_;
};

}  // namespace dnsd::server

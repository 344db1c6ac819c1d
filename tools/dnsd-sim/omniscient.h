// What a chooser could reach that sees every node as it is at this moment.
#pragma once

#include <span>

#include "dnsd/base/random.h"
#include "tools/dnsd-sim/resolvers.h"
#include "tools/dnsd-sim/web_server.h"

namespace dnsd::sim {

class Omniscient {
 public:
  // `active`: of the sessions under way that have no job now, what share is taken to have one soon.
  explicit Omniscient(double active) : active_(active) {}

  // The node where one more session adds least to the sum of all response times; of equals one at
  // random. Dead nodes and those that fail requests come last.
  NodeId ForSession(std::span<const WebServer> nodes, Random& random) const;
  // Likewise, of how many sessions each node has and what its machine is; not of the requests under
  // way, which nobody can report in time.
  NodeId ForSessionByCount(std::span<const WebServer> nodes, Random& random) const;
  // Likewise one request: only what has a job now counts.
  NodeId ForRequest(std::span<const WebServer> nodes, Random& random) const;

 private:
  double active_;
};

}  // namespace dnsd::sim

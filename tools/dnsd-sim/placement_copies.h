// Copies of sites on their way from node to node.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/policy/placement.h"

namespace dnsd::sim {

struct SiteCopy {
  std::uint32_t site = 0, node = 0;
  std::vector<std::uint32_t> sources;  // the best first; falls back on the next
  double starts = 0;                   // s: its first octet
  double done = 0, bytes = 0;          // octets
};

// A node's bandwidth is shared evenly among the copies from it, and among those to it. One from a
// node that is itself still copying gets no further than that node has got.
class SiteCopies {
 public:
  void Add(SiteCopy copy) { copies_.push_back(std::move(copy)); }
  std::size_t size() const { return copies_.size(); }

  // Moves on by `step` seconds from `now`. Returns the copies that are whole now, and those that
  // have no source left or whose node is gone, in `broken`.
  std::vector<SiteCopy> Advance(const policy::PlacementState& state, double now, double step,
                                std::vector<SiteCopy>& broken);

  // CPUs that they take by node: so many CPU seconds a GB at each end, in the last step.
  void AddCpus(double seconds_per_gb, std::vector<double>& cpus) const;

 private:
  struct Flow {
    std::uint32_t from = 0, to = 0;
    double rate = 0;  // octets a second
  };
  const SiteCopy* On(std::uint32_t site, std::uint32_t node) const;
  bool IsSource(const policy::PlacementState& state, const SiteCopy& copy,
                std::uint32_t node) const;

  std::vector<SiteCopy> copies_;
  std::vector<Flow> flows_;  // of the last step
};

}  // namespace dnsd::sim

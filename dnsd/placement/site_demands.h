// What is asked of every site, and how busy every node is, smoothed: what placement decides by.
//
// Reporters tell requests a second by site from their web servers' logs; what a request takes is
// learnt from the fleet as a whole: CPUs busy over requests a second, both of the last half minute.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/fleet.h"
#include "dnsd/policy/placement.h"

namespace dnsd::placement {

// Of one thread.
class SiteDemands {
 public:
  // So often at most; sooner does nothing.
  static constexpr Duration kPeriod = std::chrono::seconds(1);

  bool IsDue(MonotonicTime now) const { return !started_ || now >= sampled_ + kPeriod; }
  // Takes in what the nodes that serve tell now. `answered`: CPUs that the answers of late must
  // bring to sites, for those of which no node tells.
  struct Answered {
    std::string site;  // owner name with its final dot
    double cpus = 0;
  };
  void Sample(const std::vector<fleet::Node>& nodes, const std::vector<Answered>& answered,
              MonotonicTime now);

  // Null: nothing is asked of the site.
  const policy::SiteTrend* Find(const std::string& site) const;
  // Of this site at this node, in CPUs.
  double At(const fleet::Node& node, const std::string& site) const;
  // Share of the node's CPUs in use: 0 idle, 1 full, more where tasks wait.
  double LoadOf(fleet::NodeIndex node) const { return node < loads_.size() ? loads_[node] : 0; }
  double cpus_per_request() const { return cpus_per_request_; }

 private:
  void LearnRequests(const std::vector<fleet::Node>& nodes, double keep);

  std::unordered_map<std::string, policy::SiteTrend> trends_;
  std::vector<double> loads_;       // by NodeIndex
  double cpus_ = 0, requests_ = 0;  // sums that fade
  double cpus_per_request_ = 0.01;  // until something is known
  MonotonicTime sampled_{};
  bool started_ = false;
};

}  // namespace dnsd::placement

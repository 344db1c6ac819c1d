// Which nodes may answer for a site: those whose addresses are in its pools.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "dnsd/answer/served.h"
#include "dnsd/fleet/node_state.h"

namespace dnsd::server {

// Sites of the same pools share the list that is made of them. Of one thread.
class SitePools {
 public:
  using Nodes = std::shared_ptr<const std::vector<fleet::NodeIndex>>;

  // Lists are of `served` and `node_of` (by AddressId) from now on; both are borrowed until the
  // next call.
  void Adopt(std::shared_ptr<const answer::Served> served,
             const std::vector<fleet::NodeIndex>& node_of);
  // By rising node; null: there is no such site. After Adopt.
  Nodes Of(const std::string& site);

 private:
  using Key = std::tuple<const zone::Zone*, zone::PoolIndex, zone::PoolIndex>;

  std::shared_ptr<const answer::Served> served_;
  const std::vector<fleet::NodeIndex>* node_of_ = nullptr;
  std::map<Key, Nodes> lists_;
};

}  // namespace dnsd::server

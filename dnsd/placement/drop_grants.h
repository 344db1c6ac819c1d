// Replicas that nodes may drop by themselves to make room: of each site only so many as leave its
// least on other nodes, so that no two full nodes drop what each takes the other to have.
//
//   hosting ──Renew──> node -> sites that it may drop ──> Tasks::may_drop
//
// A grant may be taken back at any time: what a node means to drop it tells as not ready for the
// grace time first, and keeps if it is granted no more.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "dnsd/fleet/hosting.h"

namespace dnsd::placement {

// Of one thread.
class DropGrants {
 public:
  static constexpr std::size_t kMostOfANode = 1024;

  // What is known of a site; `site` with its final dot.
  struct Rules {
    // Whether its node may be let to drop this one.
    std::function<bool(const std::string& site, const fleet::Host& host)> may_drop;
    // Whether the node drops replicas by itself at all; asked first.
    std::function<bool(fleet::NodeIndex node)> drops;
    // Whether answers may name the host for the site.
    std::function<bool(const std::string& site, const fleet::Host& host)> answers;
    // Nodes that have the site and do not name it.
    std::function<std::size_t(const std::string& site)> unnamed;
    std::function<std::size_t(const std::string& site)> least;
    // Whether room is short there: such nodes come first.
    std::function<bool(fleet::NodeIndex node)> is_full;
  };
  void Renew(const fleet::HostingTable& hosting, const Rules& rules);
  void Clear();

  // By rising name.
  const std::vector<std::string>& Of(fleet::NodeIndex node) const;
  // Nodes whose sites are others since the last call.
  std::set<fleet::NodeIndex> TakeChanged();

 private:
  using ByNode = std::map<fleet::NodeIndex, std::vector<std::string>>;

  bool Has(fleet::NodeIndex node, const std::string& site) const;
  std::vector<fleet::NodeIndex> Share(const std::string& site, std::span<const fleet::Host> hosts,
                                      const Rules& rules) const;
  void Replace(ByNode fresh);

  ByNode granted_;  // each rising
  std::set<fleet::NodeIndex> changed_;
};

}  // namespace dnsd::placement

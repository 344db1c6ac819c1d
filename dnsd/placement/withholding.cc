#include "dnsd/placement/withholding.h"

#include <map>
#include <vector>

#include "dnsd/fleet/hosting_builder.h"
#include "dnsd/wire/name.h"

namespace dnsd::placement {

std::shared_ptr<const fleet::HostingTable> Withholding::Over(
    const std::shared_ptr<const fleet::HostingTable>& base, const Withheld& withheld) {
  if (withheld.empty()) {
    base_.reset();
    return base;
  }
  if (base == base_ && withheld == withheld_) return laid_over_;
  std::map<fleet::NodeIndex, std::vector<fleet::SiteReport>> by_node;
  for (const auto& [site, node] : withheld) {
    if (const auto name = wire::Name::Parse(site)) by_node[node].push_back({.name = *name});
  }
  fleet::HostingBuilder builder;
  builder.Adopt(base);
  for (const auto& [node, sites] : by_node) builder.Change(node, sites, {});
  base_ = base;
  withheld_ = withheld;
  laid_over_ = builder.Build();
  return laid_over_;
}

}  // namespace dnsd::placement

#include "dnsd/placement/drop_grants.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dnsd/wire/name.h"

namespace dnsd::placement {

void DropGrants::Renew(const fleet::HostingTable& hosting, const Rules& rules) {
  ByNode fresh;
  hosting.ForEach([&](std::span<const std::uint8_t> octets, std::span<const fleet::Host> hosts) {
    const bool any =
        std::ranges::any_of(hosts, [&](const fleet::Host& host) { return rules.drops(host.node); });
    if (!any) return;
    const std::string site = wire::NameToString(octets);
    for (const fleet::NodeIndex node : Share(site, hosts, rules)) {
      std::vector<std::string>& sites = fresh[node];
      if (sites.size() < kMostOfANode) sites.push_back(site);
    }
  });
  for (auto& [node, sites] : fresh) std::ranges::sort(sites);
  Replace(std::move(fresh));
}

// Those of its hosts that may drop it.
std::vector<fleet::NodeIndex> DropGrants::Share(const std::string& site,
                                                std::span<const fleet::Host> hosts,
                                                const Rules& rules) const {
  std::size_t left = rules.unnamed(site);
  std::vector<fleet::NodeIndex> granted;
  std::vector<fleet::NodeIndex> able;
  for (const fleet::Host& host : hosts) {
    const bool answers = rules.answers(site, host);
    const bool droppable = rules.drops(host.node) && rules.may_drop(site, host);
    if (answers) ++left;
    // One that is not ready any more is about to be dropped, or is none that the site counts on.
    if (droppable && !answers && Has(host.node, site)) granted.push_back(host.node);
    if (droppable && answers) able.push_back(host.node);
  }
  const std::size_t least = std::max<std::size_t>(rules.least(site), 1);
  if (left < least) return {};
  const auto rank = [&](fleet::NodeIndex node) {
    return std::pair(!rules.is_full(node), !Has(node, site));
  };
  std::ranges::stable_sort(able, {}, rank);
  able.resize(std::min(able.size(), left - least));
  granted.insert(granted.end(), able.begin(), able.end());
  return granted;
}

void DropGrants::Replace(ByNode fresh) {
  for (const auto& [node, sites] : granted_) {
    const auto at = fresh.find(node);
    if (at == fresh.end() || at->second != sites) changed_.insert(node);
  }
  for (const auto& [node, sites] : fresh) {
    if (!granted_.contains(node)) changed_.insert(node);
  }
  granted_ = std::move(fresh);
}

void DropGrants::Clear() { Replace({}); }

bool DropGrants::Has(fleet::NodeIndex node, const std::string& site) const {
  return std::ranges::binary_search(Of(node), site);
}

const std::vector<std::string>& DropGrants::Of(fleet::NodeIndex node) const {
  static const std::vector<std::string> kNone;
  const auto at = granted_.find(node);
  return at == granted_.end() ? kNone : at->second;
}

std::set<fleet::NodeIndex> DropGrants::TakeChanged() { return std::exchange(changed_, {}); }

}  // namespace dnsd::placement

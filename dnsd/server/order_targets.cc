#include "dnsd/server/order_targets.h"

#include <algorithm>
#include <set>

#include "dnsd/answer/explain.h"
#include "dnsd/base/pattern.h"
#include "dnsd/server/site_names.h"

namespace dnsd::server {
namespace {

absl::Status NothingMatches(const std::string& what, const std::string& word) {
  return absl::NotFoundError("no " + what + " matches '" + word + "'; nothing is changed");
}

bool MatchesName(const std::string& site, const std::string& pattern) {
  const std::string dotted = pattern.ends_with('.') ? pattern : pattern + ".";
  return MatchesPattern(site, dotted);
}

bool IsPattern(const std::string& word) { return word.find_first_of("*?") != std::string::npos; }

class Reader {
 public:
  Reader(bool takes_back, const answer::Served& served, const answer::FleetView& fleet,
         const StatusReport& report)
      : takes_back_(takes_back), served_(served), fleet_(fleet), report_(report) {}

  absl::Status Read(const std::string& word) {
    if (IsNode(word)) {
      targets_.nodes.push_back(word);
      return absl::OkStatus();
    }
    const std::size_t at = word.find('@');
    if (at != std::string::npos) return ReadAtNodes(word, word.substr(0, at), word.substr(at + 1));
    // Nodes that are gone, or have not reported yet, must not make an order for them one for sites.
    if (IsPattern(word) && !word.ends_with('.')) {
      return absl::NotFoundError("no node matches '" + word +
                                 "' (a pattern of sites ends with a dot); nothing is changed");
    }
    if (!ReadSites(word)) {
      return NothingMatches(word.ends_with('.') ? "site" : "node or site", word);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<OrderTargets> Take() {
    std::set<SiteKey> all = keys_;
    for (const SiteOrder& order : report_.site_orders) all.insert(order.key);
    if (!takes_back_ && all.size() > kMostSiteOrders) {
      return absl::ResourceExhaustedError(
          std::to_string(keys_.size()) + " sites are meant and " +
          std::to_string(report_.site_orders.size()) + " orders for sites are in force; wanted " +
          std::to_string(kMostSiteOrders) + " at most; order their nodes instead");
    }
    targets_.sites.assign(keys_.begin(), keys_.end());
    return targets_;
  }

 private:
  bool IsNode(const std::string& pattern) const {
    return std::any_of(report_.nodes.begin(), report_.nodes.end(),
                       [&](const NodeStatus& node) { return MatchesPattern(node.name, pattern); });
  }

  SiteNames SitesOf(const std::string& pattern) const {
    return FindSites({pattern}, served_, *fleet_.hosting, kMostSiteOrders + 1);
  }

  // Those in force that are meant; whether there are any.
  bool ReadHeld(const std::string& site, const std::string* node) {
    if (!takes_back_) return false;
    bool any = false;
    for (const SiteOrder& order : report_.site_orders) {
      const SiteKey& key = order.key;
      if (!MatchesName(key.site, site) || key.node.empty() != (node == nullptr)) continue;
      if (node != nullptr && !MatchesPattern(key.node, *node)) continue;
      keys_.insert(key);
      any = true;
    }
    return any;
  }

  bool ReadSites(const std::string& pattern) {
    const SiteNames sites = SitesOf(pattern);
    bool any = ReadHeld(pattern, nullptr);
    for (const wire::Name& site : sites.names) {
      if (site.is_wildcard()) continue;
      any = true;
      if (!takes_back_) keys_.insert({site.ToString(), ""});
    }
    return any;
  }

  absl::Status ReadAtNodes(const std::string& word, const std::string& site,
                           const std::string& node) {
    const SiteNames sites = SitesOf(site);
    bool any = ReadHeld(site, &node);
    if (sites.names.empty() && !any) return NothingMatches("site", word);
    for (const wire::Name& name : sites.names) {
      if (name.is_wildcard()) continue;
      for (const std::string& member : NodesOf(name)) {
        if (!MatchesPattern(member, node)) continue;
        if (!takes_back_) keys_.insert({name.ToString(), member});
        any = true;
      }
    }
    return any ? absl::OkStatus() : NothingMatches("node of the site", word);
  }

  // The nodes of the site's pools.
  std::set<std::string> NodesOf(const wire::Name& site) const {
    std::set<std::string> nodes;
    for (const auto type : {wire::RrType::kA, wire::RrType::kAaaa}) {
      for (const auto& member : answer::Explain(served_, fleet_, site, type, IpAddress()).members) {
        if (!member.node.empty()) nodes.insert(member.node);
      }
    }
    return nodes;
  }

  const bool takes_back_;
  const answer::Served& served_;
  const answer::FleetView& fleet_;
  const StatusReport& report_;
  OrderTargets targets_;
  std::set<SiteKey> keys_;
};

}  // namespace

absl::StatusOr<OrderTargets> ReadTargets(const std::vector<std::string>& words, bool takes_back,
                                         const answer::Served& served,
                                         const answer::FleetView& fleet,
                                         const StatusReport& report) {
  Reader reader(takes_back, served, fleet, report);
  for (const std::string& word : words) DNSD_RETURN_IF_ERROR(reader.Read(word));
  return reader.Take();
}

}  // namespace dnsd::server

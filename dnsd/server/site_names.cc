#include "dnsd/server/site_names.h"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <utility>

#include "dnsd/base/pattern.h"

namespace dnsd::server {
namespace {

using wire::RrType;

// Without the final dot.
std::string Bare(std::string name) {
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  return name;
}

bool HasPool(const zone::Zone& zone, const zone::Node& node) {
  const auto all = zone.rrsets(node);
  return std::any_of(all.begin(), all.end(), [](const zone::Rrset& rrset) {
    const bool is_address = rrset.type == RrType::kA || rrset.type == RrType::kAaaa;
    return is_address && rrset.pool != zone::kNoPool;
  });
}

// Whether the name has no owner of its own but a wildcard's pool.
bool IsBelowWildcard(const answer::Served& served, const wire::Name& name) {
  const wire::NameHashes hashes(name);
  const zone::Zone* zone = served.zones.FindClosest(name, hashes);
  if (zone == nullptr) return false;
  const zone::Lookup found = zone->Find(name, hashes);
  return found.kind == zone::Lookup::Kind::kWildcard && HasPool(*zone, *found.node);
}

class Finder {
 public:
  Finder(const std::vector<std::string>& patterns, std::size_t most) : most_(most) {
    for (const std::string& pattern : patterns) {
      patterns_.push_back(Bare(pattern));
      if (pattern.find_first_of("*?") != std::string::npos) continue;
      if (const auto name = wire::Name::Parse(pattern)) in_full_.push_back(*name);
    }
  }

  void AddOwners(const zone::Zone& zone) {
    for (const zone::Node& node : zone.nodes()) {
      if (found_.more) return;
      if (HasPool(zone, node)) AddIfMeant(zone.name(node));
    }
  }

  void AddHosted(const answer::Served& served, const fleet::HostingTable& hosting) {
    hosting.ForEach([&](std::span<const std::uint8_t> octets, auto) {
      if (found_.more) return;
      const auto name = wire::Name::FromWire(octets);
      if (name && Means(*name) && IsBelowWildcard(served, *name)) AddIfMeant(*name);
    });
  }

  void AddInFull(const answer::Served& served) {
    for (const wire::Name& name : in_full_) {
      if (IsBelowWildcard(served, name)) AddIfMeant(name);
    }
  }

  SiteNames Take() { return std::move(found_); }

 private:
  bool Means(const wire::Name& name) const {
    if (patterns_.empty()) return true;
    if (std::find(in_full_.begin(), in_full_.end(), name) != in_full_.end()) return true;
    const std::string text = Bare(name.ToString());
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::string& pattern) { return MatchesPattern(text, pattern); });
  }

  void AddIfMeant(const wire::Name& name) {
    if (!Means(name) || !seen_.insert(name.ToString()).second) return;
    found_.more = found_.names.size() == most_;
    if (!found_.more) found_.names.push_back(name);
  }

  const std::size_t most_;
  std::vector<std::string> patterns_;
  std::vector<wire::Name> in_full_;  // of the patterns, those that are plain names
  std::unordered_set<std::string> seen_;
  SiteNames found_;
};

}  // namespace

SiteNames FindSites(const std::vector<std::string>& patterns, const answer::Served& served,
                    const fleet::HostingTable& hosting, std::size_t most) {
  Finder finder(patterns, most);
  for (const auto& zone : served.zones.zones()) finder.AddOwners(*zone);
  finder.AddHosted(served, hosting);
  finder.AddInFull(served);
  return finder.Take();
}

}  // namespace dnsd::server

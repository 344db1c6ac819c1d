#include "dnsd/placement/freshness.h"

#include <algorithm>
#include <span>

#include "dnsd/wire/name.h"

namespace dnsd::placement {
namespace {

const fleet::Host* HomeOf(std::span<const fleet::Host> hosts) {
  const fleet::Host* home = nullptr;
  for (const fleet::Host& host : hosts) {
    if (!host.home) continue;
    if (home == nullptr || host.content_version > home->content_version) home = &host;
  }
  return home;
}

bool IsBehind(const fleet::Host& host, const fleet::Host& home) {
  return host.content_version != 0 && host.content_version < home.content_version;
}

}  // namespace

void Freshness::Look(const fleet::HostingTable& table, MonotonicTime now) {
  seen_.resize(fleet::HostingTable::kShards);
  names_.resize(fleet::HostingTable::kShards);
  for (std::size_t i = 0; i < fleet::HostingTable::kShards; ++i) {
    if (seen_[i] == table.shard(i)) continue;
    seen_[i] = table.shard(i);
    LookAt(i, seen_[i].get(), now);
  }
}

void Freshness::LookAt(std::size_t shard, const fleet::HostingShard* sites, MonotonicTime now) {
  Behind before;
  for (const std::string& name : names_[shard]) before.insert(behind_.extract(name));
  names_[shard].clear();
  if (sites == nullptr) return;
  sites->ForEach([&](std::uint32_t, std::span<const std::uint8_t> octets,
                     std::span<const fleet::Host> hosts) {
    const fleet::Host* home = HomeOf(hosts);
    if (home == nullptr) return;
    const auto is_behind = [home](const fleet::Host& host) { return IsBehind(host, *home); };
    if (std::none_of(hosts.begin(), hosts.end(), is_behind)) return;
    const std::string name = wire::NameToString(octets);
    BehindSite site{home->node, home->content_version, home->bytes, {}, {}};
    const auto known = before.find(name);
    for (const fleet::Host& host : hosts) {
      if (!is_behind(host)) {
        if (host.answers()) site.current.push_back(host.node);
        continue;
      }
      BehindNode behind{now, host.content_version};
      if (known != before.end()) {
        const auto at = known->second.nodes.find(host.node);
        const bool is_same =
            at != known->second.nodes.end() && at->second.content_version == host.content_version;
        if (is_same) behind.since = at->second.since;
      }
      site.nodes.emplace(host.node, behind);
    }
    names_[shard].push_back(name);
    behind_.emplace(name, std::move(site));
  });
}

Withheld Freshness::WithheldAt(const Settings& settings, const IsUsable& is_usable,
                               MonotonicTime now) const {
  Withheld withheld;
  if (!settings.any_consistency()) return withheld;
  for (const auto& [name, site] : behind_) {
    const SiteSettings& rule = settings.Of(name);
    if (rule.consistency == Consistency::kAny) continue;
    const auto may_answer = [&, &site_name = name](fleet::NodeIndex node) {
      return is_usable(site_name, node);
    };
    if (std::none_of(site.current.begin(), site.current.end(), may_answer)) continue;
    for (const auto& [node, behind] : site.nodes) {
      const bool may =
          rule.consistency == Consistency::kBounded && now < behind.since + rule.stale_for;
      if (!may) withheld.emplace_back(name, node);
    }
  }
  return withheld;
}

std::optional<MonotonicTime> Freshness::NextDeadline(const Settings& settings,
                                                     MonotonicTime now) const {
  std::optional<MonotonicTime> next;
  if (!settings.any_consistency()) return next;
  for (const auto& [name, site] : behind_) {
    const SiteSettings& rule = settings.Of(name);
    if (rule.consistency != Consistency::kBounded) continue;
    for (const auto& [node, behind] : site.nodes) {
      const MonotonicTime due = behind.since + rule.stale_for;
      if (due > now) next = next ? std::min(*next, due) : due;
    }
  }
  return next;
}

}  // namespace dnsd::placement

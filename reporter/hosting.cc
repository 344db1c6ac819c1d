#include "reporter/hosting.h"

#include <algorithm>
#include <cmath>

#include "dnsd/wire/name.h"

namespace dnsd::reporter {

using heartbeat::v1::Hosting;

std::string SiteName(const std::string& text) {
  std::string name = text;
  if (name.size() > 1 && name.back() == '.') name.pop_back();
  for (char& c : name) {
    c = static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c)));
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) return "";
  }
  return wire::Name::Parse(name) && name != "." ? name : "";
}

std::string ShortDetail(const std::string& detail) {
  constexpr std::size_t kMost = 255;
  return detail.substr(0, kMost);
}

void HostingNews::Tell(const NodeState& node, heartbeat::v1::Heartbeat& out) {
  if (!any()) return;
  Hosting& hosting = *out.mutable_hosting();
  if (full_) {
    hosting.set_kind(node.hosts_all ? Hosting::ALL : Hosting::FULL);
    for (const auto& [name, site] : node.sites) *hosting.add_sites() = site;
  } else {
    hosting.set_kind(Hosting::DIFFERENCE);
    for (const std::string& name : changed_) {
      const auto at = node.sites.find(name);
      if (at == node.sites.end()) {
        hosting.add_removed(name);
      } else {
        *hosting.add_sites() = at->second;
      }
    }
  }
  full_ = false;
  changed_.clear();
}

void StorageNews::Tell(const NodeState& node, heartbeat::v1::Heartbeat& out) {
  const heartbeat::v1::Storage& now = node.storage;
  if (told_) {
    const auto free = static_cast<double>(told_->free_bytes());
    const bool moved = std::abs(static_cast<double>(now.free_bytes()) - free) >= free / 100;
    const bool same =
        now.takes_replicas() == told_->takes_replicas() && now.evicts() == told_->evicts() &&
        now.quota_bytes() == told_->quota_bytes() && now.used_bytes() == told_->used_bytes() &&
        now.evictions() == told_->evictions();
    if (same && (!moved || now.free_bytes() == told_->free_bytes())) return;
  }
  *out.mutable_storage() = now;
  told_ = now;
}

}  // namespace dnsd::reporter

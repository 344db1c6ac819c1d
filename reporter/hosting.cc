#include "reporter/hosting.h"

#include <algorithm>

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

}  // namespace dnsd::reporter

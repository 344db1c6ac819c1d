#include "dnsd/placement/settings.h"

#include <algorithm>

#include "dnsd/base/pattern.h"

namespace dnsd::placement {

const char* NameOf(Mode mode) {
  constexpr const char* kNames[] = {"off", "plan", "auto"};
  return kNames[static_cast<std::size_t>(mode)];
}

const SiteSettings& Settings::Of(const std::string& name) const {
  if (sites.empty()) return site;
  const std::string bare = name.substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
  for (const SiteRule& rule : sites) {
    if (MatchesPattern(bare, rule.pattern)) return rule.settings;
  }
  return site;
}

bool Settings::any_consistency() const {
  return site.consistency != Consistency::kAny ||
         std::any_of(sites.begin(), sites.end(), [](const SiteRule& rule) {
           return rule.settings.consistency != Consistency::kAny;
         });
}

}  // namespace dnsd::placement

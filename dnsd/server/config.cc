#include "dnsd/server/config.h"

#include <fnmatch.h>

namespace dnsd::server {

zone::SiteOptions OptionsOf(const Config& config, const wire::Name& name) {
  const std::string text = PatternText(name);
  for (const SiteRule& rule : config.sites) {
    if (MatchesPattern(text, rule.pattern)) return rule.options;
  }
  return config.site_defaults;
}

bool MatchesPattern(const std::string& text, const std::string& pattern) {
  // Backslashes are the presentation format's, not the pattern's.
  return fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
}

std::string PatternText(const wire::Name& name) {
  std::string text = name.ToString();
  if (text.size() > 1) text.pop_back();
  return text;
}

}  // namespace dnsd::server

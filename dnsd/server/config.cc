#include "dnsd/server/config.h"

#include <fnmatch.h>

namespace dnsd::server {

zone::SiteRules SiteRulesOf(const Config& config) {
  zone::SiteRules rules(config.site_defaults);
  for (const SiteRule& rule : config.sites) rules.Add(rule.pattern, rule.options);
  return rules;
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

#include "dnsd/server/config.h"

namespace dnsd::server {

zone::SiteRules SiteRulesOf(const Config& config) {
  zone::SiteRules rules(config.site_defaults);
  for (const SiteRule& rule : config.sites) rules.Add(rule.pattern, rule.options);
  return rules;
}

std::string PatternText(const wire::Name& name) {
  std::string text = name.ToString();
  if (text.size() > 1) text.pop_back();
  return text;
}

}  // namespace dnsd::server

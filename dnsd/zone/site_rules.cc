#include "dnsd/zone/site_rules.h"

#include "dnsd/base/pattern.h"

namespace dnsd::zone {

void SiteRules::Add(std::string pattern, SiteOptions options) {
  patterns_.push_back(std::move(pattern));
  options_.push_back(options);
}

std::optional<std::uint16_t> SiteRules::Match(const wire::Name& owner) const {
  if (patterns_.empty()) return std::nullopt;
  std::string text = owner.ToString();
  if (text.size() > 1) text.pop_back();  // the final dot
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    if (MatchesPattern(text, patterns_[i])) {
      return static_cast<std::uint16_t>(i + 1);
    }
  }
  return std::nullopt;
}

}  // namespace dnsd::zone

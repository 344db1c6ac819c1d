// Which owner names are sites by configuration, and how each site is to be answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/wire/name.h"
#include "dnsd/zone/site_options.h"

namespace dnsd::zone {

// The configured rules in their order; the first whose pattern matches an owner name decides.
// Option sets are numbered so that a site keeps two octets: 0 is the defaults, rule i is i + 1.
class SiteRules {
 public:
  static constexpr std::size_t kMost = 65'535;  // rules

  explicit SiteRules(SiteOptions defaults = {}) : options_{std::move(defaults)} {}

  // At most kMost of them. `pattern`: an owner name in presentation format, lower case, without its
  // final dot, in which
  // `*`, `?` and `[...]` match as in a shell, dots included. It also matches a wildcard owner.
  void Add(std::string pattern, SiteOptions options);

  // The number of the options for `owner`; nothing if no rule matches.
  std::optional<std::uint16_t> Match(const wire::Name& owner) const;

  // All option sets, by number.
  const std::vector<SiteOptions>& options() const { return options_; }

 private:
  std::vector<std::string> patterns_;
  std::vector<SiteOptions> options_;
};

}  // namespace dnsd::zone

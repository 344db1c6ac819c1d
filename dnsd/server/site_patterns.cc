#include "dnsd/server/site_patterns.h"

#include <algorithm>
#include <cstdint>

#include "dnsd/wire/name.h"

namespace dnsd::server {

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c)));
  });
  return text;
}

std::vector<std::string> ReadSitePatterns(YamlMap& map, const std::string& key) {
  std::vector<std::string> patterns;
  map.Read(key, patterns);
  for (std::string& pattern : patterns) {
    // An ordinary label may hold `*` and `?`, so a pattern is a name where it matters: its form.
    if (!wire::Name::Parse(pattern)) {
      map.Refuse(key, "owner names or patterns, as www.example or *.hosting.example; not '" +
                          pattern + "'");
    }
    pattern = LowerCase(pattern);
    if (pattern.size() > 1 && pattern.back() == '.') pattern.pop_back();
  }
  return patterns;
}

}  // namespace dnsd::server

#include "dnsd/server/rate_limit_config.h"

#include <string>
#include <utility>

namespace dnsd::server {

using answer::RateLimitSettings;
using answer::ResponseClass;
using namespace std::chrono_literals;

answer::RateLimitSettings ReadRateLimit(YamlMap& map) {
  RateLimitSettings settings;
  const auto read_rate = [&](const char* key, std::uint32_t& rate) {
    map.Read<std::uint32_t>(key, rate, 0, RateLimitSettings::kMostRate);
  };
  map.Require("responses_per_second", "how many alike one prefix of clients may have");
  std::uint32_t& answers = settings.rate(ResponseClass::kAnswer);
  read_rate("responses_per_second", answers);
  settings.rates.fill(answers);
  for (const auto& [key, response_class] :
       {std::pair("referrals_per_second", ResponseClass::kReferral),
        std::pair("nodata_per_second", ResponseClass::kNoData),
        std::pair("nxdomains_per_second", ResponseClass::kNxDomain),
        std::pair("errors_per_second", ResponseClass::kError)}) {
    read_rate(key, settings.rate(response_class));
  }
  read_rate("all_per_second", settings.all_rate);
  map.Read<std::uint32_t>("slip", settings.slip, 0, RateLimitSettings::kMostSlip);
  Duration window = settings.window;
  if (map.Read("window", window, 1s, 1h)) {
    settings.window = std::chrono::ceil<std::chrono::seconds>(window);
  }
  map.Read<std::uint8_t>("ipv4_prefix", settings.ipv4_prefix, 1, 32);
  map.Read<std::uint8_t>("ipv6_prefix", settings.ipv6_prefix, 1, 128);
  map.Read<std::uint32_t>("entries", settings.entries, 1024, RateLimitSettings::kMostEntries);
  map.Read("exempt", settings.exempt);
  map.Read("dry_run", settings.dry_run);
  return settings;
}

}  // namespace dnsd::server

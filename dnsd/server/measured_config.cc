#include "dnsd/server/measured_config.h"

namespace dnsd::server {

using namespace std::chrono_literals;

void ReadMeasured(YamlMap& locality, MeasuredConfig& out, answer::MeasuredUse& use) {
  locality.Read("measured", out.enabled);
  locality.Read("measured_max_age", out.table.max_age, 1min, locality::RttTable::kMostAge);
  locality.Read<std::size_t>("measured_prefixes", out.table.max_prefixes, 1'000, 10'000'000);
  double explore = 0;
  if (locality.Read("explore", explore, 0, 1)) use.explore = static_cast<float>(explore);
  Duration margin{};
  if (locality.Read("measured_margin", margin, 0s, 10s)) {
    use.margin_milliseconds = static_cast<float>(1000 * Seconds(margin));
  }
}

}  // namespace dnsd::server

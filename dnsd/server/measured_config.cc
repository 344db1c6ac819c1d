#include "dnsd/server/measured_config.h"

namespace dnsd::server {

using namespace std::chrono_literals;

void ReadMeasured(YamlMap& locality, MeasuredConfig& out) {
  locality.Read("measured", out.enabled);
  locality.Read("measured_max_age", out.table.max_age, 1min, locality::RttTable::kMostAge);
  locality.Read<std::size_t>("measured_prefixes", out.table.max_prefixes, 1'000, 10'000'000);
}

}  // namespace dnsd::server

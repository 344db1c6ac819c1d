// What the configuration says of measured round-trip times.
#pragma once

#include "dnsd/answer/measured_use.h"
#include "dnsd/base/yaml.h"
#include "dnsd/locality/rtt_table.h"

namespace dnsd::server {

struct MeasuredConfig {
  bool enabled = true;  // false: samples are refused, and what was known is forgotten
  locality::RttOptions table;

  friend bool operator==(const MeasuredConfig&, const MeasuredConfig&) = default;
};

// Reads the keys of `locality` that are about them: what is kept, and how answers go by it.
void ReadMeasured(YamlMap& locality, MeasuredConfig& out, answer::MeasuredUse& use);

}  // namespace dnsd::server

// Metrics of placement.
#pragma once

#include "dnsd/placement/placer.h"
#include "dnsd/server/metric_families.h"

namespace dnsd::server {

void AddPlacement(const placement::PlacementReport& report, MetricFamilies& out);

}  // namespace dnsd::server

// Moments as documents and tables show them: RFC 3339, in UTC.
#pragma once

#include <string>

#include "dnsd/base/clock.h"

namespace dnsd::server {

std::string TimeText(WallTime time);         // "2026-03-01T12:00:00Z"
std::string MillisecondText(WallTime time);  // "2026-03-01T12:00:00.250Z"

}  // namespace dnsd::server

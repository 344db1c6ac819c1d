// /status.json: the state of dnsd for people and programs. docs/monitoring.md documents the fields;
// they are added to, never renamed.
#pragma once

#include <string>

#include "dnsd/base/clock.h"
#include "dnsd/server/observed.h"

namespace dnsd::server {

// Ages are as of `now`, and `wall` is the same moment.
std::string StatusJson(const Observed& observed, MonotonicTime now, WallTime wall);

}  // namespace dnsd::server

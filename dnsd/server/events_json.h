// /events.json: what happened, for people and programs. docs/monitoring.md documents the fields.
#pragma once

#include <string>

#include "dnsd/server/events.h"

namespace dnsd::server {

// One event on one line.
std::string EventJson(const Event& event);
std::string EventsJson(const Events::Some& some);

}  // namespace dnsd::server

// /events.json: what happened, for people and programs. docs/monitoring.md documents the fields.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "dnsd/server/events.h"

namespace dnsd::server {

nlohmann::ordered_json EventToJson(const Event& event);
// One event on one line.
std::string EventJson(const Event& event);
std::string EventsJson(const Events::Some& some);

}  // namespace dnsd::server

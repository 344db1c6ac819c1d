#include "dnsd/server/events_json.h"

#include <utility>

#include "dnsd/server/time_text.h"

namespace dnsd::server {
namespace {

using Json = nlohmann::ordered_json;

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// Names come from reporters: what is not UTF-8 is replaced, never thrown at.
std::string Text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

nlohmann::ordered_json EventToJson(const Event& event) {
  return {{"sequence", event.sequence},       {"time", MillisecondText(event.time)},
          {"kind", NameOf(event.kind)},       {"gravity", NameOf(event.gravity)},
          {"node", TextOrNull(event.node)},   {"site", TextOrNull(event.site)},
          {"state", TextOrNull(event.state)}, {"text", event.text}};
}

std::string EventJson(const Event& event) { return Text(EventToJson(event), -1); }

std::string EventsJson(const Events::Some& some) {
  Json events = Json::array();
  for (const Event& event : some.events) events.push_back(EventToJson(event));
  return Text({{"first", some.first}, {"last", some.last}, {"events", std::move(events)}}, 2) +
         "\n";
}

}  // namespace dnsd::server

#include "dnsd/server/order_json.h"

#include "dnsd/server/time_text.h"

namespace dnsd::server {

nlohmann::ordered_json OrderJson(const fleet::Order& order) {
  if (order.kind == fleet::Order::Kind::kNone) return nullptr;
  nlohmann::ordered_json json{
      {"kind", fleet::NameOf(order.kind)}, {"reason", order.reason}, {"until", nullptr}};
  if (order.end) json["until"] = TimeText(order.end->wall);
  return json;
}

}  // namespace dnsd::server

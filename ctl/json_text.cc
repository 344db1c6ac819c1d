#include "ctl/json_text.h"

#include <cstdio>

#include "dnsd/base/printable.h"

namespace dnsd::ctl {

using Json = nlohmann::json;

const Json& At(const Json& json, const char* path) {
  static const Json kNull;
  const Json::json_pointer pointer(path);
  return json.contains(pointer) ? json.at(pointer) : kNull;
}

std::string TextAt(const Json& json, const char* path) {
  const Json& value = At(json, path);
  if (value.is_string()) return Printable(value.get<std::string>());
  return value.is_null() ? "-" : value.dump();
}

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string NumberAt(const Json& json, const char* path, const char* format, double times) {
  const Json& value = At(json, path);
  return value.is_number() ? Format(format, value.get<double>() * times) : "-";
}

}  // namespace dnsd::ctl

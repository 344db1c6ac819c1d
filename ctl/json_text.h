// Members of dnsd's documents as text for people; what is not there is "-".
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dnsd::ctl {

// The member at `path` ("/queries/udp"), or null.
const nlohmann::json& At(const nlohmann::json& json, const char* path);
// Made printable.
std::string TextAt(const nlohmann::json& json, const char* path);
// With one number for printf; `times` the value.
std::string NumberAt(const nlohmann::json& json, const char* path, const char* format,
                     double times = 1);
std::string Format(const char* format, double value);

}  // namespace dnsd::ctl

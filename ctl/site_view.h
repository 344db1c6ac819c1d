// What dnsd says of sites (docs/monitoring.md: explain.json, sites.json, history.json) as people
// read it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dnsd::ctl {

std::string ExplainText(const nlohmann::json& why);
std::string HistoryText(const nlohmann::json& history);
std::string SitesText(const nlohmann::json& sites);

}  // namespace dnsd::ctl

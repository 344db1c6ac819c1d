// The status document of dnsd (docs/monitoring.md) as people read it. Fields that it lacks, as an
// older dnsd's, are left out or shown as "-".
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace dnsd::ctl {

std::string StatusText(const nlohmann::json& status);
std::string ZonesText(const nlohmann::json& status);
// A line a node, the worst state first; `width`: characters a line may have, 0 for any number.
std::string NodesText(const nlohmann::json& nodes, std::size_t width);

// "2026-03-01T12:00:00.250Z warning node web1: alive -> dead: …", a line; further ones are
// indented.
std::string EventText(const nlohmann::json& event);

// The nodes of a status whose names match one of `patterns`; all if there are none.
nlohmann::json NodesOf(const nlohmann::json& status, const std::vector<std::string>& patterns);

// Text that goes to a terminal, Printable line by line.
std::string PrintableLines(const std::string& text);

}  // namespace dnsd::ctl

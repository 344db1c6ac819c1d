#include "ctl/view.h"

#include <algorithm>
#include <map>

#include "ctl/json_text.h"
#include "ctl/table.h"
#include "dnsd/base/pattern.h"
#include "dnsd/base/printable.h"

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;
using Align = Table::Align;

// "3d 4h", "12m 5s": the two largest units.
std::string AgeText(double seconds) {
  const auto whole = static_cast<long long>(seconds);
  const auto two = [](long long a, const char* x, long long b, const char* y) {
    return std::to_string(a) + x + " " + std::to_string(b) + y;
  };
  if (whole >= 86400) return two(whole / 86400, "d", whole % 86400 / 3600, "h");
  if (whole >= 3600) return two(whole / 3600, "h", whole % 3600 / 60, "m");
  if (whole >= 60) return two(whole / 60, "m", whole % 60, "s");
  return std::to_string(whole) + "s";
}

// The states that want a person's eye come first.
int Gravity(const std::string& state) {
  constexpr const char* kOrder[] = {"dead",     "unhealthy", "suspect", "leaving",
                                    "disabled", "draining",  "warming", "unknown"};
  const auto at = std::find(std::begin(kOrder), std::end(kOrder), state);
  return static_cast<int>(at - std::begin(kOrder));
}

// "2 dead, 5 alive"
std::string StatesText(const Json& nodes) {
  std::map<std::pair<int, std::string>, int> counts;
  for (const Json& node : nodes) {
    const std::string state = TextAt(node, "/state");
    ++counts[{Gravity(state), state}];
  }
  std::string text;
  for (const auto& [state, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + state.second;
  }
  return text.empty() ? "none" : text;
}

// Why a node is not simply alive; with an order, how long it holds.
std::string RemarkOf(const Json& node) {
  if (At(node, "/order").is_object()) {
    const std::string reason = TextAt(node, "/order/reason");
    std::string text = TextAt(node, "/order/kind") + (reason.empty() ? "" : ": " + reason);
    if (At(node, "/order/until").is_string()) text += ", until " + TextAt(node, "/order/until");
    return text;
  }
  return TextAt(node, "/state") == "alive" ? "" : TextAt(node, "/reason");
}

std::string AddressesOf(const Json& node) {
  std::string text;
  for (const Json& address : At(node, "/addresses")) {
    text += (text.empty() ? "" : " ") + Printable(address.get<std::string>());
  }
  return text;
}

}  // namespace

std::string PrintableLines(const std::string& text) {
  std::string lines;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines += (at == 0 ? "" : "\n") + Printable(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string StatusText(const Json& status) {
  std::string text;
  const auto line = [&text](const char* title, const std::string& what) {
    text += std::string(title) + std::string(16 - std::string(title).size(), ' ') + what + "\n";
  };
  const Json& zones = At(status, "/zones");
  std::uint64_t sites = 0;
  for (const Json& zone : zones) sites += zone.value("sites", std::uint64_t{0});
  const Json& up = At(status, "/uptime_seconds");
  line("dnsd", TextAt(status, "/version") + ", up " +
                   (up.is_number() ? AgeText(up.get<double>()) : "-") + ", " +
                   TextAt(status, "/workers") + " workers");
  line("zones", std::to_string(zones.size()) + ", " + std::to_string(sites) + " sites");
  line("nodes", StatesText(At(status, "/nodes")));
  line("queries", TextAt(status, "/queries/udp") + " UDP, " + TextAt(status, "/queries/tcp") +
                      " TCP, " + TextAt(status, "/queries/dropped") + " dropped");
  line("site answers", TextAt(status, "/queries/site_answers") + ", " +
                           TextAt(status, "/queries/fail_open") + " with nobody left");
  line("heartbeats", TextAt(status, "/fleet/heartbeats") + " on " +
                         TextAt(status, "/fleet/streams") + " streams");
  const bool reloaded = At(status, "/reload/successful") != Json(false);
  line("last reload", TextAt(status, "/reload/last") + (reloaded ? ", well" : ", FAILED:"));
  if (!reloaded) text += PrintableLines(At(status, "/reload/error").get<std::string>()) + "\n";
  const std::string store = TextAt(status, "/fleet/state_store_error");
  if (!store.empty() && store != "-") line("state store", "FAILED: " + store);
  return text;
}

std::string ZonesText(const Json& status) {
  Table table(
      {{"ZONE"}, {"SERIAL", Align::kRight}, {"RECORDS", Align::kRight}, {"SITES", Align::kRight}});
  for (const Json& zone : At(status, "/zones")) {
    table.Add({TextAt(zone, "/apex"), TextAt(zone, "/serial"), TextAt(zone, "/records"),
               TextAt(zone, "/sites")});
  }
  return table.Text();
}

std::string NodesText(const Json& nodes, std::size_t width) {
  double answers = 0;
  for (const Json& node : nodes) answers += node.value("answers", 0.0);
  std::vector<const Json*> sorted;
  for (const Json& node : nodes) sorted.push_back(&node);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Json* a, const Json* b) {
    return Gravity(TextAt(*a, "/state")) < Gravity(TextAt(*b, "/state"));
  });
  Table table({{"NODE"},
               {"STATE"},
               {"CPU %", Align::kRight},
               {"MEM %", Align::kRight},
               {"CONNS", Align::kRight},
               {"COST", Align::kRight},
               {"ANSWERS %", Align::kRight},
               {"HEARD", Align::kRight},
               {"ADDRESSES"},
               {"REMARK"}});
  for (const Json* node : sorted) {
    const Json& age = At(*node, "/heartbeat_age_seconds");
    table.Add({TextAt(*node, "/name"), TextAt(*node, "/state"),
               NumberAt(*node, "/load/cpu_utilization", "%.0f", 100),
               NumberAt(*node, "/load/mem_utilization", "%.0f", 100),
               NumberAt(*node, "/load/connections", "%.0f"), NumberAt(*node, "/cost", "%.3g"),
               answers > 0 ? NumberAt(*node, "/answers", "%.1f", 100 / answers) : "-",
               age.is_number() ? Format("%.1fs", age.get<double>()) : "-", AddressesOf(*node),
               RemarkOf(*node)});
  }
  const std::string text = table.Text();
  if (width == 0) return text;
  std::string cut;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    cut += text.substr(at, std::min(end - at, width)) + "\n";
    at = end + 1;
  }
  return cut;
}

std::string EventText(const Json& event) {
  std::string text = TextAt(event, "/time") + " ";
  const std::string gravity = TextAt(event, "/gravity");
  if (gravity != "info") text += gravity + " ";
  if (At(event, "/site").is_string()) text += "site " + TextAt(event, "/site") + " ";
  if (At(event, "/node").is_string()) text += "node " + TextAt(event, "/node") + " ";
  const Json& what = At(event, "/text");
  for (const char c : PrintableLines(what.is_string() ? what.get<std::string>() : "-")) {
    text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  }
  return text + "\n";
}

Json NodesOf(const Json& status, const std::vector<std::string>& patterns) {
  Json nodes = Json::array();
  for (const Json& node : At(status, "/nodes")) {
    const std::string name = node.value("name", "");
    const auto matches = [&](const std::string& pattern) { return MatchesPattern(name, pattern); };
    if (patterns.empty() || std::any_of(patterns.begin(), patterns.end(), matches)) {
      nodes.push_back(node);
    }
  }
  return nodes;
}

}  // namespace dnsd::ctl

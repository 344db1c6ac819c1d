#include "ctl/commands.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "ctl/client.h"
#include "ctl/completion.h"
#include "ctl/placement_view.h"
#include "ctl/site_view.h"
#include "ctl/view.h"
#include "dnsd/base/duration.h"
#include "dnsd/base/printable.h"

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;
using Command = Options::Command;
namespace v1 = control::v1;

constexpr int kFailed = 1;
constexpr auto kPoll = std::chrono::milliseconds(200);
constexpr double kSilentIntervals = 10;  // after which a node's last report says nothing any more

int Fail(const absl::Status& status) {
  std::cerr << "dnsdctl: " << PrintableLines(Message(status)) << '\n';
  return kFailed;
}

int Print(const Options& options, const Json& json, const std::string& text) {
  std::cout << (options.json ? json.dump(2) + "\n" : text) << std::flush;
  return std::cout.good() ? 0 : kFailed;
}

// Characters of a line of the terminal; 0 where stdout is none.
std::size_t TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

int ShowNodes(const Options& options, const Json& status) {
  const Json nodes = NodesOf(status, options.nodes);
  for (const std::string& pattern : options.nodes) {
    if (NodesOf(status, {pattern}).empty()) {
      return Fail(absl::NotFoundError("no node matches '" + pattern + "'"));
    }
  }
  return Print(options, nodes, NodesText(nodes, 0));
}

int Show(const Options& options, Client& client) {
  const auto status = client.Status();
  if (!status.ok()) return Fail(status.status());
  switch (options.command) {
    case Command::kNodes:
      return ShowNodes(options, *status);
    case Command::kZones:
      return Print(options, status->value("zones", Json::array()), ZonesText(*status));
    default:
      return Print(options, *status, StatusText(*status));
  }
}

int Explain(const Options& options, Client& client) {
  const auto why = client.Explain(options.name, options.type, options.client);
  return why.ok() ? Print(options, *why, ExplainText(*why)) : Fail(why.status());
}

int ShowHistory(const Options& options, Client& client) {
  const auto history = client.History(options.name, options.back);
  return history.ok() ? Print(options, *history, HistoryText(*history)) : Fail(history.status());
}

int ShowSites(const Options& options, Client& client) {
  const auto sites = client.Sites(options.sites);
  if (!sites.ok()) return Fail(sites.status());
  if (!options.sites.empty() && sites->value("sites", Json::array()).empty()) {
    return Fail(absl::NotFoundError("no site matches '" + options.sites[0] + "'" +
                                    (options.sites.size() > 1 ? " nor the others" : "")));
  }
  if (sites->value("more", false)) {
    std::cerr << "dnsdctl: there are more: name those you want, as 'www.*'\n";
  }
  return Print(options, *sites, SitesText(*sites));
}

// Each picture overwrites the last from the top, and clears what is left of it.
int Top(const Options& options, Client& client) {
  for (;;) {
    const auto status = client.Status();
    if (!status.ok()) return Fail(status.status());
    const std::size_t width = TerminalWidth();
    if (options.json) {
      std::cout << NodesOf(*status, {}).dump() << '\n';
    } else if (width == 0) {
      std::cout << NodesText(NodesOf(*status, {}), 0) << '\n';
    } else {
      std::cout << "\x1b[H\x1b[2J" << StatusText(*status) << '\n'
                << NodesText(NodesOf(*status, {}), width);
    }
    std::cout.flush();
    if (!std::cout.good()) return 0;  // the reader has had enough
    std::this_thread::sleep_for(options.interval);
  }
}

int Watch(const Options& options, Client& client) {
  const absl::Status end = client.Watch(options.past, [&](const Json& event) {
    std::cout << (options.json ? event.dump() + "\n" : EventText(event)) << std::flush;
    return std::cout.good();  // the reader may have had enough
  });
  return end.ok() ? 0 : Fail(end);
}

// Whether a node still has connections. A report counts from an interval after the order on: what
// is older may not know of clients that were sent to it before.
struct Rest {
  bool is_over = false;
  std::string left;  // "web1 12"
};
absl::StatusOr<Rest> RestOf(const Json& node, const std::string& ordered, double elapsed) {
  const std::string name = Printable(node.value("name", ""));
  const std::string state = node.value("state", "");
  const Json order = node.value("order", Json());
  if (!order.is_object() || order.value("kind", "") != ordered) {
    return absl::AbortedError("node " + name +
                              " is no longer under this order: it may serve again");
  }
  if (state == "dead" || state == "leaving") return Rest{true, ""};
  const Json load = node.value("load", Json::object());
  if (!load.contains("connections")) {
    return absl::FailedPreconditionError("node " + name +
                                         " reports no connections: nothing to wait for; see "
                                         "`ports` and `statistics` of its reporter");
  }
  const Json age = node.value("heartbeat_age_seconds", Json());
  const double interval = node.value("interval_seconds", 1.0);
  if (!age.is_number() || age.get<double>() > kSilentIntervals * interval) {
    return absl::FailedPreconditionError("node " + name +
                                         " does not report: whether it has connections is unknown");
  }
  const auto connections = load["connections"].get<std::uint64_t>();
  const bool is_recent = age.get<double>() + interval < elapsed;
  if (connections == 0 && is_recent) return Rest{true, ""};
  return Rest{false, name + " " + std::to_string(connections)};
}

// Returns once none of the nodes reports connections.
int Wait(const Options& options, Client& client, const std::vector<std::string>& names) {
  const std::string ordered = options.command == Command::kDrain ? "drain" : "disable";
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const auto status = client.Status();
    if (!status.ok()) return Fail(status.status());
    const Duration elapsed = std::chrono::steady_clock::now() - start;
    std::string left;
    std::size_t seen = 0;
    for (const Json& node : NodesOf(*status, {})) {
      if (std::find(names.begin(), names.end(), node.value("name", "")) == names.end()) continue;
      ++seen;
      const auto rest = RestOf(node, ordered, Seconds(elapsed));
      if (!rest.ok()) return Fail(rest.status());
      if (!rest->is_over) left += (left.empty() ? "" : ", ") + rest->left;
    }
    if (seen < names.size()) return Fail(absl::AbortedError("dnsd has forgotten a node meanwhile"));
    if (left.empty()) return 0;
    if (options.timeout && elapsed > *options.timeout) {
      return Fail(absl::DeadlineExceededError("connections are left after " +
                                              DurationText(*options.timeout) + ": " + left));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

v1::OrderRequest::Kind KindOf(Command command) {
  switch (command) {
    case Command::kDrain:
      return v1::OrderRequest::KIND_DRAIN;
    case Command::kUndrain:
      return v1::OrderRequest::KIND_UNDRAIN;
    case Command::kDisable:
      return v1::OrderRequest::KIND_DISABLE;
    default:
      return v1::OrderRequest::KIND_ENABLE;
  }
}

int GiveOrder(const Options& options, Client& client) {
  v1::OrderRequest request;
  request.set_kind(KindOf(options.command));
  for (const std::string& node : options.nodes) request.add_nodes(node);
  request.set_reason(options.reason);
  if (options.hold) {
    const auto hold = std::chrono::ceil<std::chrono::milliseconds>(*options.hold);
    request.set_for_ms(static_cast<std::uint64_t>(hold.count()));
  }
  const auto reply = client.Order(request);
  if (!reply.ok()) return Fail(reply.status());
  for (const std::string& warning : reply->warnings()) {
    std::cerr << "dnsdctl: warning: " << PrintableLines(warning) << '\n';
  }
  const std::vector<std::string> names(reply->nodes().begin(), reply->nodes().end());
  std::vector<std::string> all = names;
  all.insert(all.end(), reply->sites().begin(), reply->sites().end());
  std::string text;
  for (const std::string& name : all) text += Printable(name) + "\n";
  const int printed = Print(options, Json(all), text);
  if (printed != 0 || !options.wait) return printed;
  if (names.size() < all.size()) {
    return Fail(absl::FailedPreconditionError(
        "ordered, but reporters tell no site's connections: only a node's can be waited for"));
  }
  return Wait(options, client, names);
}

v1::PlacementRequest::Kind PlacementKindOf(Command command) {
  switch (command) {
    case Command::kPlan:
      return v1::PlacementRequest::KIND_PLAN;
    case Command::kApply:
      return v1::PlacementRequest::KIND_APPLY;
    case Command::kExpand:
      return v1::PlacementRequest::KIND_EXPAND;
    case Command::kContract:
      return v1::PlacementRequest::KIND_CONTRACT;
    case Command::kPin:
      return v1::PlacementRequest::KIND_PIN;
    case Command::kUnpin:
      return v1::PlacementRequest::KIND_UNPIN;
    case Command::kFreeze:
      return v1::PlacementRequest::KIND_FREEZE;
    case Command::kUnfreeze:
      return v1::PlacementRequest::KIND_UNFREEZE;
    default:
      return v1::PlacementRequest::KIND_STATUS;
  }
}

// Returns once all of the actions are over.
int WaitForActions(const Options& options, Client& client, const Json& actions) {
  const auto start = std::chrono::steady_clock::now();
  v1::PlacementRequest request;
  request.set_kind(v1::PlacementRequest::KIND_STATUS);
  const auto find = [](const Json& list, const Json& id) -> const Json* {
    for (const Json& one : list) {
      if (one.value("id", Json()) == id) return &one;
    }
    return nullptr;
  };
  for (;;) {
    const auto reply = client.Placement(request);
    if (!reply.ok()) return Fail(reply.status());
    const Json status = Json::parse(reply->json(), nullptr, /*allow_exceptions=*/false);
    if (!status.is_object()) return Fail(absl::InternalError("dnsd answered with no document"));
    const Json all_in_hand = status.value("in_hand", Json::array());
    const Json all_over = status.value("recent", Json::array());
    std::string left, failed;
    for (const Json& action : actions) {
      const Json id = action.value("id", Json());
      const Json* in_hand = find(all_in_hand, id);
      const Json* over = find(all_over, id);
      // `expand` takes a contraction back that has not begun.
      const bool takes_back =
          options.command == Command::kExpand && action.value("kind", "") == "contract";
      if (over == nullptr && in_hand == nullptr) {
        failed += "not known any more: " + ActionText(action);
      } else if (over == nullptr) {
        left += ActionText(*in_hand);
      } else if (over->value("phase", "") != (takes_back ? "undone" : "done")) {
        failed += ActionText(*over);
      }
    }
    if (!failed.empty()) return Fail(absl::AbortedError("not done:\n" + failed));
    if (left.empty()) return 0;
    if (options.timeout && std::chrono::steady_clock::now() - start > *options.timeout) {
      return Fail(absl::DeadlineExceededError("after " + DurationText(*options.timeout) +
                                              " still in hand:\n" + left));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

int Place(const Options& options, Client& client) {
  v1::PlacementRequest request;
  request.set_kind(PlacementKindOf(options.command));
  request.set_site(options.site);
  request.set_node(options.node);
  request.set_reason(options.reason);
  const auto reply = client.Placement(request);
  if (!reply.ok()) return Fail(reply.status());
  for (const std::string& warning : reply->warnings()) {
    std::cerr << "dnsdctl: warning: " << PrintableLines(warning) << '\n';
  }
  const Json json = Json::parse(reply->json(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Fail(absl::InternalError("dnsd answered with no document"));
  if (options.command == Command::kPlacement) return Print(options, json, PlacementText(json));
  if (options.command == Command::kPlan) {
    return Print(options, json.value("plan", Json::array()), PlanText(json));
  }
  const Json actions = json.value("actions", Json::array());
  std::string text;
  for (const Json& action : actions) text += ActionText(action);
  const int printed = Print(options, actions, text);
  if (printed != 0 || !options.wait) return printed;
  return WaitForActions(options, client, actions);
}

int Reload(const Options& options, Client& client) {
  const auto restarts = client.Reload(options.zone);
  if (absl::IsNotFound(restarts.status())) return Fail(restarts.status());
  if (!restarts.ok()) {
    return Fail(absl::Status(
        restarts.status().code(),
        "not reloaded, the old state goes on serving:\n" + Message(restarts.status())));
  }
  std::string text;
  for (const std::string& key : *restarts) text += key + " has changed: a new dnsd takes over\n";
  return Print(options, Json{{"handed_over_for", *restarts}}, text);
}

}  // namespace

int Run(const Options& options) {
  if (options.command == Command::kCompletion) return Print(options, kCompletion, kCompletion);
  auto connected = Client::Connect(options);
  if (!connected.ok()) return Fail(connected.status());
  Client& client = *connected;
  switch (options.command) {
    case Command::kTop:
      return Top(options, client);
    case Command::kExplain:
      return Explain(options, client);
    case Command::kSites:
      return ShowSites(options, client);
    case Command::kHistory:
      return ShowHistory(options, client);
    case Command::kWatch:
      return Watch(options, client);
    case Command::kDrain:
    case Command::kUndrain:
    case Command::kDisable:
    case Command::kEnable:
      return GiveOrder(options, client);
    case Command::kPlacement:
    case Command::kPlan:
    case Command::kApply:
    case Command::kExpand:
    case Command::kContract:
    case Command::kPin:
    case Command::kUnpin:
    case Command::kFreeze:
    case Command::kUnfreeze:
      return Place(options, client);
    case Command::kReload:
      return Reload(options, client);
    case Command::kLogLevel: {
      const absl::Status set = client.SetLogLevel(options.level);
      return set.ok() ? 0 : Fail(set);
    }
    default:
      return Show(options, client);
  }
}

}  // namespace dnsd::ctl

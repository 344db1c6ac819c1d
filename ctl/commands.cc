#include "ctl/commands.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "ctl/client.h"
#include "ctl/completion.h"
#include "ctl/view.h"
#include "dnsd/base/duration.h"

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;
using Command = Options::Command;
namespace v1 = control::v1;

constexpr int kFailed = 1;
constexpr auto kPoll = std::chrono::milliseconds(200);

int Fail(const absl::Status& status) {
  std::cerr << "dnsdctl: " << Message(status) << '\n';
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

// What keeps a node from being free of connections; empty: nothing.
absl::StatusOr<std::string> Busy(const Json& node) {
  const std::string name = node.value("name", "");
  const std::string state = node.value("state", "");
  if (state == "dead" || state == "leaving") return std::string();
  const Json load = node.value("load", Json::object());
  if (!load.contains("connections")) {
    return absl::FailedPreconditionError("node " + name +
                                         " reports no connections: nothing to wait for; see "
                                         "`ports` and `statistics` of its reporter");
  }
  const auto connections = load["connections"].get<std::uint64_t>();
  if (connections == 0) return std::string();
  return name + " " + std::to_string(connections);
}

// Returns once no node of `names` reports connections.
int Wait(const Options& options, Client& client, const std::vector<std::string>& names) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const auto status = client.Status();
    if (!status.ok()) return Fail(status.status());
    std::string left;
    for (const Json& node : NodesOf(*status, names)) {
      const auto busy = Busy(node);
      if (!busy.ok()) return Fail(busy.status());
      if (!busy->empty()) left += (left.empty() ? "" : ", ") + *busy;
    }
    if (left.empty()) return 0;
    if (options.timeout && std::chrono::steady_clock::now() - start > *options.timeout) {
      return Fail(absl::DeadlineExceededError("connections are left after " +
                                              DurationText(*options.timeout) + ": " + left));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

int GiveOrder(const Options& options, Client& client) {
  v1::OrderRequest request;
  request.set_kind(options.command == Command::kDrain     ? v1::OrderRequest::KIND_DRAIN
                   : options.command == Command::kDisable ? v1::OrderRequest::KIND_DISABLE
                                                          : v1::OrderRequest::KIND_NONE);
  for (const std::string& node : options.nodes) request.add_nodes(node);
  request.set_reason(options.reason);
  if (options.hold) {
    const auto hold = std::chrono::ceil<std::chrono::milliseconds>(*options.hold);
    request.set_for_ms(static_cast<std::uint64_t>(hold.count()));
  }
  const auto names = client.Order(request);
  if (!names.ok()) return Fail(names.status());
  std::string text;
  for (const std::string& name : *names) text += Printable(name) + "\n";
  const int printed = Print(options, Json(*names), text);
  return printed == 0 && options.wait ? Wait(options, client, *names) : printed;
}

int Reload(const Options& options, Client& client) {
  const auto restarts = client.Reload();
  if (!restarts.ok()) {
    return Fail(absl::Status(
        restarts.status().code(),
        "not reloaded, the old state goes on serving:\n" + Message(restarts.status())));
  }
  std::string text;
  for (const std::string& key : *restarts) text += key + " has changed: restart dnsd\n";
  return Print(options, Json{{"restart_needed_for", *restarts}}, text);
}

}  // namespace

int Run(const Options& options) {
  if (options.command == Command::kCompletion) return Print(options, kCompletion, kCompletion);
  Client client(options.socket);
  switch (options.command) {
    case Command::kTop:
      return Top(options, client);
    case Command::kDrain:
    case Command::kUndrain:
    case Command::kDisable:
    case Command::kEnable:
      return GiveOrder(options, client);
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

#include "dnsd/server/options.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>
#include <string_view>

#include "dnsd/base/usage_error.h"
#include "dnsd/server/config_check.h"
#include "dnsd/server/config_file.h"

namespace dnsd::server {
namespace {

constexpr const char* kAbout =
    "An authoritative DNS server that answers with the cheapest live server of a site.\n"
    "Servers tell it their load through `reporter`; without them it serves plain DNS.";

constexpr const char* kAboutCheck =
    "Checks configuration and zones as start-up would, and prints `file:line: message` for each\n"
    "fault. Takes the same options. Exit status: 0 nothing found, 1 faults, 2 usage.";

constexpr const char* kAboutInit =
    "Writes a first configuration, DIR/dnsd.yaml, and its zone, DIR/zones/APEX.zone: commented, "
    "and\n"
    "working at once. Overwrites nothing. Exit status: 0 done, 1 failed, 2 usage.";

constexpr const char* kFooter =
    "Flags override the file; --listen and --zone replace its lists.\n"
    "\n"
    "Examples:\n"
    "  dnsd init first && dnsd --config first/dnsd.yaml\n"
    "  dnsd --config /etc/dnsd/dnsd.yaml\n"
    "  dnsd --listen 127.0.0.1:5300 --zone lb.example=lb.zone --heartbeat-listen 127.0.0.1:5380\n"
    "  dnsd check --config /etc/dnsd/dnsd.yaml && systemctl reload dnsd\n"
    "  dig @127.0.0.1 -p 5300 www.lb.example A\n"
    "\n"
    "Signals: HUP reloads configuration and zones, whole or not at all; USR2 starts the program\n"
    "anew, which takes over without a query lost; TERM and INT stop.\n"
    "Exit status: 0 done, 1 failed, 2 usage.";

[[noreturn]] void Refuse(const std::string& flag, const std::string& text, const char* wanted) {
  throw CLI::ValidationError(flag, "found '" + text + "', wanted " + wanted);
}

// Adds a flag that takes one value each time, handed to `take`; false from `take` is an error.
template <typename Take>
CLI::Option* AddFlag(CLI::App& app, const std::string& flag, const std::string& about,
                     const char* type, const char* wanted, Take take) {
  const auto callback = [=](const CLI::results_t& texts) {
    for (const std::string& text : texts) {
      if (!take(text)) Refuse(flag, text, wanted);
    }
    return true;
  };
  return app.add_option(flag, callback, about)->type_name(type)->expected(1);
}

template <typename T>
bool Store(const std::optional<T>& value, std::optional<T>& out) {
  out = value;
  return value.has_value();
}

bool TakeZone(const std::string& text, std::vector<ZoneConfig>& zones) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size()) return false;
  const auto apex = wire::Name::Parse(text.substr(0, equals));
  if (apex) zones.push_back({*apex, text.substr(equals + 1), "--zone " + text});
  return apex.has_value();
}

// Where dnsd is to be reached, and where it keeps its state.
void AddPlaceFlags(CLI::App& app, Options& options) {
  constexpr const char* kEndpoint = "ADDRESS:PORT, as 127.0.0.1:5300 or [::1]:5300; port 0: any";
  const auto endpoint = [](std::optional<Endpoint>& out) {
    return [&out](const std::string& text) { return Store(Endpoint::Parse(text), out); };
  };
  AddFlag(app, "--listen", "Answer DNS here, UDP and TCP; repeatable", "ADDR:PORT", kEndpoint,
          [&](const std::string& text) {
            const auto parsed = Endpoint::Parse(text);
            if (parsed) options.listen.push_back(*parsed);
            return parsed.has_value();
          })
      ->take_all();
  AddFlag(app, "--heartbeat-listen", "Take reporters' heartbeats here (gRPC)", "ADDR:PORT",
          kEndpoint, endpoint(options.heartbeat_listen));
  AddFlag(app, "--http-listen", "Serve /metrics, /status.json and /healthz here", "ADDR:PORT",
          kEndpoint, endpoint(options.http_listen));
  app.add_option("--control-socket", options.control_socket, "Let dnsdctl in here (Unix socket)")
      ->type_name("PATH");
  app.add_option("--state-dir", options.state_dir, "Keep here what must outlive a restart")
      ->type_name("DIR");
}

void AddFlags(CLI::App& app, Options& options) {
  app.add_option("-c,--config", options.config_path, "Configuration in YAML")->type_name("FILE");
  AddPlaceFlags(app, options);
  AddFlag(app, "--zone", "Serve the zone APEX from a master file; repeatable", "APEX=FILE",
          "APEX=FILE, as lb.example=/etc/dnsd/lb.zone",
          [&](const std::string& text) { return TakeZone(text, options.zones); })
      ->take_all();
  app.add_flag("--insecure", options.insecure,
               "Take heartbeats in plain text, or from anybody, beyond loopback");
  app.add_option("--workers", options.workers, "Threads that answer; 0, the default: one a core")
      ->type_name("N")
      ->check(CLI::Range(0U, 1024U));
  AddFlag(app, "--nsid", "Tell clients that ask for it this identifier (RFC 5001)", "TEXT|0xHEX",
          kNsidWanted, [&](const std::string& text) {
            auto octets = ParseNsid(text);
            if (octets) options.nsid = *std::move(octets);
            return octets.has_value();
          });
  app.add_option("--ready-file", options.ready_file,
                 "Once serving, write the bound addresses here as key=value lines")
      ->type_name("FILE");
  app.add_option("--log-level", options.log_level, "debug, info (the default), warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
}

void AddInitFlags(CLI::App& app, Options& options) {
  app.add_option("DIR", options.init_folder, "Folder to write to; here, if none is given");
  AddFlag(app, "--apex", "Name of the zone; lb.example if none is given", "APEX",
          "a domain name, as lb.example", [&](const std::string& text) {
            return Store(wire::Name::Parse(text), options.init_apex);
          });
  AddPlaceFlags(app, options);
}

}  // namespace

Options ParseOptions(int argc, const char* const* argv) {
  Options options;
  CLI::App app(kAbout, "dnsd");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("dnsd " DNSD_VERSION));
  app.failure_message(UsageErrorText);
  AddFlags(app, options);
  CLI::App* check = app.add_subcommand("check", kAboutCheck);
  AddFlags(*check, options);
  CLI::App* init = app.add_subcommand("init", kAboutInit);
  AddInitFlags(*init, options);
  try {
    app.parse(argc, argv);
    if (!init->parsed() && options.config_path.empty() && options.listen.empty() &&
        options.zones.empty()) {
      throw CLI::RequiredError("nothing to serve: --config FILE, or --listen and --zone,", 1);
    }
  } catch (const CLI::ParseError& error) {
    options.command = Options::Command::kExit;
    options.exit_status = app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsageError;
    return options;
  }
  if (check->parsed()) options.command = Options::Command::kCheck;
  if (init->parsed()) options.command = Options::Command::kInit;
  return options;
}

absl::StatusOr<Config> LoadConfig(const Options& options) {
  Config config;
  if (!options.config_path.empty()) {
    auto loaded = LoadConfigFile(options.config_path);
    if (!loaded.ok()) return loaded.status();
    config = *std::move(loaded);
  }
  if (!options.listen.empty()) {
    config.listen = options.listen;
    config.origins["listen"] = "--listen";
  }
  if (!options.zones.empty()) config.zones = options.zones;
  if (options.heartbeat_listen) {
    config.heartbeat.listen = options.heartbeat_listen;
    config.origins["heartbeat.listen"] = "--heartbeat-listen";
  }
  if (options.insecure) config.heartbeat.insecure = true;
  if (options.http_listen) config.http_listen = options.http_listen;
  if (!options.control_socket.empty()) {
    config.control_socket = options.control_socket;
    config.origins["control.socket"] = "--control-socket";
  }
  if (!options.state_dir.empty()) config.state_dir = options.state_dir;
  if (options.workers) config.workers = *options.workers;
  if (!options.log_level.empty()) config.log_level = options.log_level;
  if (!options.nsid.empty()) config.edns.nsid = options.nsid;
  config.ready_file = options.ready_file;
  DNSD_RETURN_IF_ERROR(CheckConfig(config));
  return config;
}

FirstConfig FirstConfigOf(const Options& options) {
  FirstConfig first;
  first.folder = options.init_folder;
  if (options.init_apex) first.apex = *options.init_apex;
  if (!options.listen.empty()) first.listen = options.listen;
  if (options.heartbeat_listen) first.heartbeat_listen = *options.heartbeat_listen;
  if (options.http_listen) first.http_listen = *options.http_listen;
  if (!options.control_socket.empty()) first.control_socket = options.control_socket;
  if (!options.state_dir.empty()) first.state_dir = options.state_dir;
  return first;
}

}  // namespace dnsd::server

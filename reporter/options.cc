#include "reporter/options.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "dnsd/base/duration.h"
#include "dnsd/base/usage_error.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr const char* kAbout =
    "Tells every dnsd how loaded and how healthy this node is, and which sites it hosts.\n"
    "Run one on each server that a site's pool lists.";

constexpr const char* kAboutCheck =
    "Checks the configuration as start-up would, and prints `file:line: message` for each fault.\n"
    "Takes the same options. Exit status: 0 nothing found, 1 faults, 2 usage.";

constexpr const char* kAboutExchange =
    "Exchanges two names of a file system at once: what was at A is then at B, and the other way.\n"
    "For hooks that bring a site up to date. Exit status: 0 done, 1 failed, and both as they "
    "were,\n"
    "2 usage.";

constexpr const char* kFooter =
    "Flags override the file; repeatable ones replace its lists.\n"
    "\n"
    "Examples:\n"
    "  reporter --config /etc/dnsd/reporter.yaml\n"
    "  reporter --node web1 --address 127.0.1.1 --dnsd 127.0.0.1:5380 \\\n"
    "      --health http://127.0.1.1:8080/ --sites-dir /srv/www\n"
    "  reporter --node lb7 --address 127.0.1.7 --dnsd 127.0.0.1:5380 --no-kernel-load \\\n"
    "      --load-source 'exec:/usr/local/bin/ask-appliance'\n"
    "\n"
    "A load source is a JSON object in the names of the ORCA load report, as\n"
    "  {\"cpu_utilization\": 0.4, \"rps_fractional\": 120, \"eps\": 0}\n"
    "and overrides what the kernel says; a utilisation is a share, 0 to 1.\n"
    "\n"
    "Signals: HUP reads the configuration again; TERM and INT take the node out of the answers "
    "and stop.\n"
    "Exit status: 0 done, 1 failed, 2 usage.";

// Adds a flag that takes one value each time, handed to `take`; a text from `take` is what was
// wanted instead.
template <typename Take>
CLI::Option* AddFlag(CLI::App& app, const std::string& flag, const std::string& about,
                     const char* type, Take take) {
  const auto callback = [flag, take](const CLI::results_t& texts) {
    for (const std::string& text : texts) {
      if (const std::string wanted = take(text); !wanted.empty()) {
        throw CLI::ValidationError(flag, "found '" + text + "', wanted " + wanted);
      }
    }
    return true;
  };
  return app.add_option(flag, callback, about)->type_name(type);
}

// Stores what `parse` makes of a text; the text to give back if it failed.
template <typename T>
std::string Store(absl::StatusOr<T> parsed, std::optional<T>& out) {
  if (!parsed.ok()) return Message(parsed.status());
  out = *std::move(parsed);
  return "";
}

void AddNodeFlags(CLI::App& app, Options& options) {
  app.add_option("-c,--config", options.config_path, "Configuration in YAML")->type_name("FILE");
  app.add_option("--node", options.node, "This node's name, unique among reporters")
      ->type_name("NAME");
  AddFlag(app, "--address", "Service addresses of this node, as pools list them", "IP...",
          [&](const std::string& text) -> std::string {
            const auto address = IpAddress::Parse(text);
            if (!address) return "an IP address, as 192.0.2.1 or 2001:db8::1";
            options.addresses.push_back(*address);
            return "";
          })
      ->expected(1, -1)
      ->allow_extra_args();
  AddFlag(app, "--dnsd", "Report to these", "HOST:PORT...",
          [&](const std::string& text) -> std::string {
            if (!IsDnsdAddress(text)) return "HOST:PORT, as ns1.example:5380 or [2001:db8::1]:5380";
            options.dnsd.push_back(text);
            return "";
          })
      ->expected(1, -1)
      ->allow_extra_args();
  AddFlag(app, "--interval", "Report this often, 100ms to 60s; the default is 1s", "DURATION",
          [&](const std::string& text) -> std::string {
            options.interval = ParseDuration(text);
            const bool good = options.interval && *options.interval >= kLeastInterval &&
                              *options.interval <= kMostInterval;
            return good ? "" : "a duration from 100ms to 60s, as 500ms or 1s";
          });
}

void AddPlaceFlags(CLI::App& app, Place& place) {
  app.add_option("--region", place.region, "Where the node is: a region of dnsd's configuration")
      ->type_name("NAME");
  app.add_option("--latitude", place.latitude, "Likewise, -90 to 90, north above 0")
      ->type_name("DEGREES")
      ->check(CLI::Range(-90.0, 90.0));
  app.add_option("--longitude", place.longitude, "Likewise, -180 to 180, east above 0")
      ->type_name("DEGREES")
      ->check(CLI::Range(-180.0, 180.0));
  app.add_option("--asn", place.asn, "Number of the node's autonomous system")
      ->type_name("NUMBER")
      ->check(CLI::Range(1U, UINT32_MAX));
}

void AddLoadFlags(CLI::App& app, Options& options) {
  AddFlag(
      app, "--load-source", "Load in JSON, over the kernel's: file:PATH or exec:COMMAND", "SOURCE",
      [&](const std::string& text) { return Store(ParseLoadSource(text), options.load_source); });
  app.add_flag("--no-kernel-load", options.no_kernel_load,
               "Report the load source alone: the node is another machine, or a part of one");
  app.add_option("--cgroup", options.cgroup,
                 "Whose limits count: self (the default), none, or a group's path")
      ->type_name("GROUP");
  AddFlag(app, "--ports", "Service ports whose connections count; the default is 80,443",
          "PORT,...",
          [&](const std::string& text) -> std::string {
            const auto port = ParseUnsigned(text);
            if (!port || *port == 0 || *port > 0xFFFF) return "a port, 1 to 65535";
            options.ports.push_back(static_cast<std::uint16_t>(*port));
            return "";
          })
      ->delimiter(',')
      ->expected(1, -1)
      ->allow_extra_args();
}

void AddRttFlags(CLI::App& app, Options& options) {
  app.add_flag("--no-rtt", options.no_rtt,
               "Do not measure how far the clients' prefixes are from this node");
}

void AddSiteFlags(CLI::App& app, Options& options) {
  CLI::Option* sites =
      AddFlag(app, "--sites",
              "Sites hosted here; all, the default: those whose pool has an address of ours",
              "NAME...", [&](const std::string& text) -> std::string {
                const std::string name = SiteName(text);
                if (name.empty()) return "all, or owner names as www.example";
                if (name == "all") {
                  options.all_sites = true;
                } else {
                  options.sites[name];
                }
                return "";
              });
  sites->expected(1, -1)->allow_extra_args();
  app.add_option("--sites-dir", options.sites_dir, "Sites hosted here: the entries of this folder")
      ->type_name("DIR")
      ->excludes(sites);
  AddFlag(app, "--health",
          "Check of the node: tcp:HOST:PORT, http://HOST:PORT/PATH or exec:COMMAND", "CHECK",
          [&](const std::string& text) { return Store(ParseHealthCheck(text), options.health); });
  AddFlag(
      app, "--site-health", "Check of each site, {site} standing for its name", "CHECK",
      [&](const std::string& text) { return Store(ParseHealthCheck(text), options.site_health); });
}

void AddConnectionFlags(CLI::App& app, Options& options) {
  const auto file = [&](const char* flag, std::string& out, const char* about) {
    app.add_option(flag, out, about)->type_name("FILE");
  };
  file("--token-file", options.token_file, "Holds the token that proves who we are");
  file("--tls-ca", options.tls.ca, "Certificates (PEM) that dnsd's is checked against");
  file("--tls-certificate", options.tls.certificate, "Our certificate (PEM)");
  file("--tls-key", options.tls.key, "Its private key (PEM)");
  app.add_flag("--insecure", options.insecure, "Report in plain text beyond loopback");
  app.add_option("--log-level", options.log_level, "debug, info (the default), warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  file("--ready-file", options.ready_file, "Written once reporting has begun");
}

void AddFlags(CLI::App& app, Options& options) {
  AddNodeFlags(app, options);
  AddPlaceFlags(app, options.place);
  AddLoadFlags(app, options);
  AddRttFlags(app, options);
  AddSiteFlags(app, options);
  AddConnectionFlags(app, options);
}

template <typename T>
void Overlay(const T& flag, T& out) {
  if (flag != T()) out = flag;
}

template <typename T>
void Overlay(const std::optional<T>& flag, T& out) {
  if (flag) out = *flag;
}

void OverlaySites(const Options& options, HostingConfig& hosting) {
  if (options.all_sites) {
    hosting = HostingConfig{};
  } else if (!options.sites.empty() || !options.sites_dir.empty()) {
    hosting = {false, options.sites, options.sites_dir};
  }
}

// Keys that a flag gives a value, in place of the file's.
std::vector<std::string> KeysOfFlags(const Options& options) {
  const std::pair<const char*, bool> all[] = {
      {"node", !options.node.empty()},
      {"addresses", !options.addresses.empty()},
      {"region", !options.place.region.empty()},
      {"latitude", options.place.latitude.has_value()},
      {"longitude", options.place.longitude.has_value()},
      {"dnsd", !options.dnsd.empty()},
      {"kernel_load", options.no_kernel_load},
      {"cgroup", !options.cgroup.empty()},
      {"ports", !options.ports.empty()},
      {"sites_dir", !options.sites_dir.empty()},
      {"health", options.health.has_value()},
      {"site_health", options.site_health.has_value()},
      {"token_file", !options.token_file.empty()},
      {"tls.ca", !options.tls.ca.empty()},
      {"tls.certificate", !options.tls.certificate.empty()},
      {"tls.key", !options.tls.key.empty()},
  };
  std::vector<std::string> keys;
  for (const auto& [key, given] : all) {
    if (given) keys.emplace_back(key);
  }
  return keys;
}

}  // namespace

Options ParseOptions(int argc, const char* const* argv) {
  Options options;
  CLI::App app(kAbout, "reporter");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("reporter " DNSD_VERSION));
  app.failure_message(UsageErrorText);
  AddFlags(app, options);
  CLI::App* check = app.add_subcommand("check", kAboutCheck);
  AddFlags(*check, options);
  CLI::App* exchange = app.add_subcommand("exchange", kAboutExchange);
  exchange->footer("");
  exchange->add_option("A", options.exchange_a, "A file or folder")->type_name("")->required();
  exchange->add_option("B", options.exchange_b, "Another")->type_name("")->required();
  try {
    app.parse(argc, argv);
    if (!exchange->parsed() && options.config_path.empty() && options.node.empty()) {
      throw CLI::RequiredError("nothing to report: --config FILE, or --node, --address and --dnsd,",
                               1);
    }
  } catch (const CLI::ParseError& error) {
    options.command = Options::Command::kExit;
    options.exit_status = app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsageError;
    return options;
  }
  if (check->parsed()) options.command = Options::Command::kCheck;
  if (exchange->parsed()) options.command = Options::Command::kExchange;
  return options;
}

absl::StatusOr<Config> LoadConfig(const Options& options) {
  Config config;
  if (!options.config_path.empty()) {
    auto loaded = LoadConfigFile(options.config_path);
    if (!loaded.ok()) return loaded.status();
    config = *std::move(loaded);
  }
  for (const std::string& key : KeysOfFlags(options)) config.origins.erase(key);
  Overlay(options.node, config.node);
  Overlay(options.addresses, config.addresses);
  Overlay(options.place.region, config.place.region);
  Overlay(options.place.latitude, config.place.latitude);
  Overlay(options.place.longitude, config.place.longitude);
  Overlay(options.place.asn, config.place.asn);
  Overlay(options.dnsd, config.dnsd);
  Overlay(options.interval, config.interval);
  Overlay(options.load_source, config.load_source);
  if (options.no_kernel_load) config.kernel_load = false;
  Overlay(options.cgroup, config.cgroup);
  Overlay(options.ports, config.ports);
  if (options.no_rtt) config.rtt.enabled = false;
  OverlaySites(options, config.hosting);
  if (options.health) config.health = options.health;
  if (options.site_health) config.site_health = options.site_health;
  Overlay(options.token_file, config.token_file);
  Overlay(options.tls.ca, config.tls.ca);
  Overlay(options.tls.certificate, config.tls.certificate);
  Overlay(options.tls.key, config.tls.key);
  if (options.insecure) config.insecure = true;
  Overlay(options.log_level, config.log_level);
  config.ready_file = options.ready_file;
  DNSD_RETURN_IF_ERROR(FinishConfig(config));
  return config;
}

}  // namespace dnsd::reporter

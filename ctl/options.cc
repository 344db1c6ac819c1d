#include "ctl/options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "dnsd/base/duration.h"
#include "dnsd/base/usage_error.h"

namespace dnsd::ctl {
namespace {

constexpr const char* kDefaultSocket = "/run/dnsd/control.sock";

constexpr const char* kAbout =
    "Asks and commands a running dnsd, through its control socket or from elsewhere.";

constexpr const char* kFooter =
    "Examples:\n"
    "  dnsdctl nodes\n"
    "  dnsdctl drain web1 --reason 'new kernel' --for 30m --wait && ssh web1 reboot\n"
    "  dnsdctl undrain 'web*'\n"
    "  dnsdctl drain shop.lb.example@web2 --reason 'copying'\n"
    "  dnsdctl explain www.lb.example --client 198.51.100.7\n"
    "  dnsdctl watch --past 100\n"
    "  dnsdctl reload\n"
    "  dnsdctl --json nodes | jq -r '.[] | select(.state == \"dead\") | .name'\n"
    "\n"
    "Data goes to stdout, messages to stderr. Exit status: 0 done, 1 failed, 2 usage.";

// An option that takes a duration.
template <typename Out>
CLI::Option* AddDuration(CLI::App& app, const std::string& flag, const std::string& about,
                         Out& out) {
  const auto take = [flag, &out](const CLI::results_t& texts) {
    const auto duration = ParseDuration(texts[0]);
    if (!duration || *duration <= Duration::zero()) {
      throw CLI::ValidationError(
          flag, "found '" + texts[0] + "', wanted a duration above 0 with its unit, as 30m");
    }
    out = *duration;
    return true;
  };
  return app.add_option(flag, take, about)->type_name("DURATION")->expected(1);
}

void AddOrder(CLI::App& app, const char* name, const char* about, Options::Command command,
              Options& options) {
  CLI::App* order = app.add_subcommand(name, about);
  order
      ->add_option("whom", options.nodes,
                   "NODE, SITE or SITE@NODE; * and ? as a shell has them; with a final dot a site")
      ->type_name("WHOM")
      ->required();
  order->callback([&options, command] { options.command = command; });
  if (command == Options::Command::kUndrain || command == Options::Command::kEnable) return;
  order->add_option("--reason", options.reason, "Why; shown with the node or site")
      ->type_name("TEXT");
  AddDuration(*order, "--for", "Take it back after this long, as 30m", options.hold);
  CLI::Option* wait = order->add_flag("--wait", options.wait,
                                      "Return once the nodes report no connections any more");
  AddDuration(*order, "--timeout", "Wait no longer than this; then exit 1", options.timeout)
      ->needs(wait);
}

void AddRemote(CLI::App& app, Remote& remote) {
  CLI::Option* server =
      app.add_option("--server", remote.server, "dnsd's control.listen, elsewhere")
          ->type_name("HOST:PORT")
          ->excludes("--socket");
  const auto add = [&](const char* flag, std::string& out, const char* about) {
    return app.add_option(flag, out, about)->type_name("FILE")->needs(server);
  };
  CLI::Option* ca = add("--ca", remote.ca, "PEM: who signed dnsd's certificate");
  CLI::Option* certificate = add("--cert", remote.certificate, "PEM: the certificate to show");
  CLI::Option* key = add("--key", remote.key, "PEM: the private key of --cert");
  certificate->needs(key)->needs(ca);
  key->needs(certificate);
  add("--token-file", remote.token_file, "The token to show, as dnsd's control.token_file");
}

void AddExplain(CLI::App& explain, Options& options) {
  explain.add_option("name", options.name, "The name asked for")->type_name("NAME")->required();
  explain.add_option("-t,--type", options.type, "A or AAAA; the default is A")->type_name("TYPE");
  explain
      .add_option("--client", options.client,
                  "The client, or the resolver that asks for it; the default is 127.0.0.1, or ::1")
      ->type_name("IP");
}

// Commands that change where sites are hosted.
void AddPlacement(CLI::App& app, Options& options) {
  using Command = Options::Command;
  const auto add = [&](const char* name, const char* about, Command command, bool has_site,
                       bool has_node) {
    CLI::App* added = app.add_subcommand(name, about);
    added->callback([&options, command] { options.command = command; });
    if (has_site)
      added->add_option("site", options.site, "The site")->type_name("SITE")->required();
    if (has_node)
      added->add_option("node", options.node, "The node")->type_name("NODE")->required();
    return added;
  };
  const auto add_wait = [&](CLI::App* added) {
    CLI::Option* wait = added->add_flag("--wait", options.wait,
                                        "Return once the actions are over; exit 1 if one failed");
    AddDuration(*added, "--timeout", "Wait no longer than this; then exit 1", options.timeout)
        ->needs(wait);
  };
  add("placement", "Where sites are being moved: what is in hand, pinned, frozen, and was done",
      Command::kPlacement, false, false);
  add("plan", "What placement would change now, and why", Command::kPlan, false, false);
  add_wait(add("apply", "Carry out what `plan` shows", Command::kApply, false, false));
  for (CLI::App* added :
       {add("expand", "Make a replica of a site on a node", Command::kExpand, true, true),
        add("contract", "Withdraw a site from a node", Command::kContract, true, true)}) {
    added->add_option("--reason", options.reason, "Why; shown with the action")->type_name("TEXT");
    add_wait(added);
  }
  add("pin", "Keep a site on a node: placement never withdraws it there", Command::kPin, true,
      true);
  add("unpin", "Take a pin back", Command::kUnpin, true, true);
  add("freeze", "Keep placement from touching a site", Command::kFreeze, true, false);
  add("unfreeze", "Take a freeze back", Command::kUnfreeze, true, false);
}

void AddCommands(CLI::App& app, Options& options) {
  using Command = Options::Command;
  const auto add = [&](const char* name, const char* about, Command command) {
    CLI::App* added = app.add_subcommand(name, about);
    added->callback([&options, command] { options.command = command; });
    return added;
  };
  add("status", "What dnsd serves and how it is", Command::kStatus);
  add("nodes", "The nodes: state, load, cost, share of the answers", Command::kNodes)
      ->add_option("node", options.nodes, "These alone; * and ? as a shell has them")
      ->type_name("NODE");
  add("sites", "The sites: who may answer for each, and who does now", Command::kSites)
      ->add_option("site", options.sites, "These alone; * and ? as a shell has them")
      ->type_name("SITE");
  add("zones", "The zones served", Command::kZones);
  AddExplain(*add("explain", "Why a name is answered as it is", Command::kExplain), options);
  CLI::App* history =
      add("history", "Recent loads, states and events of a node or a site", Command::kHistory);
  history->add_option("whom", options.name, "A node, or a site")->type_name("WHOM")->required();
  AddDuration(*history, "--since", "How far back; the default is 1h", options.back);
  AddDuration(*add("top", "The nodes, refreshed in place until Control-C", Command::kTop),
              "--interval", "How often; the default is 1s", options.interval);
  add("watch", "What happened lately, and what happens, until Control-C", Command::kWatch)
      ->add_option("-n,--past", options.past, "How many events that are over; the default is 10")
      ->type_name("COUNT");
  AddOrder(app, "drain", "Name nodes in no new answer, everywhere or at a site; sessions go on",
           Command::kDrain, options);
  AddOrder(app, "undrain", "Take a drain back; nodes warm up", Command::kUndrain, options);
  AddOrder(app, "disable", "Treat nodes as if they were not there", Command::kDisable, options);
  AddOrder(app, "enable", "Take a disable back; nodes warm up", Command::kEnable, options);
  AddPlacement(app, options);
  add("reload", "Read configuration and zones anew, whole or not at all; returns once it is done",
      Command::kReload)
      ->add_option("zone", options.zone, "The file of this zone alone")
      ->type_name("ZONE");
  add("log-level", "Change what is logged, until the next reload", Command::kLogLevel)
      ->add_option("level", options.level, "debug, info, warning or error")
      ->type_name("LEVEL")
      ->required()
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  add("completion", "Print a completion script for bash: source <(dnsdctl completion)",
      Command::kCompletion);
}

}  // namespace

Options ParseOptions(int argc, const char* const* argv) {
  Options options;
  const char* from_environment = std::getenv("DNSD_CONTROL_SOCKET");
  options.socket = from_environment != nullptr ? from_environment : kDefaultSocket;
  CLI::App app(kAbout, "dnsdctl");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("dnsdctl " DNSD_VERSION));
  app.failure_message(UsageErrorText);
  app.add_option("-s,--socket", options.socket,
                 "dnsd's control.socket; the default is $DNSD_CONTROL_SOCKET, else " +
                     std::string(kDefaultSocket))
      ->type_name("PATH");
  AddRemote(app, options.remote);
  app.add_flag("--json", options.json, "Print JSON");
  app.require_subcommand(1);
  app.fallthrough();
  AddCommands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    options.command = Options::Command::kExit;
    options.exit_status = app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsageError;
  }
  return options;
}

}  // namespace dnsd::ctl

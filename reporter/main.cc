// The reporter: wiring only.
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <random>

#include "dnsd/base/log.h"
#include "dnsd/base/log_target.h"
#include "reporter/agent.h"
#include "reporter/exchange.h"
#include "reporter/options.h"

namespace dnsd::reporter {
namespace {

// Once, before any thread: gRPC's threads would each have an arena of their own.
void SaveMemory() { mallopt(M_ARENA_MAX, 1); }

// Each access log that is followed stays open, and the usual limit is 1,024 files.
void AllowManyFiles() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = std::max(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 8192));
  setrlimit(RLIMIT_NOFILE, &files);
}

int Check(const Options& options) {
  const auto config = LoadConfig(options);
  if (config.ok()) return 0;
  std::cout << Message(config.status()) << '\n';
  return 1;
}

int Exchange(const Options& options) {
  const absl::Status done = ExchangeNames(options.exchange_a, options.exchange_b);
  if (done.ok()) return 0;
  std::cerr << "reporter: " << Message(done) << '\n';
  return 1;
}

void TellReady(const Config& config) {
  if (!config.ready_file.empty()) {
    std::ofstream(config.ready_file) << "node=" << config.node << "\npid=" << getpid() << '\n';
  }
  sd_notify(0, "READY=1");
}

// `log`: where messages go, by the configuration that was read last.
void Reload(const Options& options, LogTarget& log, Agent& agent) {
  sd_notify(0, "RELOADING=1");
  auto config = LoadConfig(options);
  // Whoever turns logs over asks for this, whatever becomes of the rest.
  const LogTarget wanted = config.ok() ? config->log : log;
  if (wanted.is_file() || !(wanted == log)) {
    if (const absl::Status opened = SetLogTarget(wanted); opened.ok()) {
      log = wanted;
    } else {
      spdlog::error("{}", Message(opened));
    }
  }
  if (config.ok()) {
    SetLogLevel(config->log_level);
    agent.Reload(*std::move(config));
    spdlog::info("configuration reloaded");
  } else {
    spdlog::error("configuration not reloaded, the old one stands:\n{}", Message(config.status()));
  }
  sd_notify(0, "READY=1");
}

int Run(const Options& options) {
  auto config = LoadConfig(options);
  if (!config.ok()) {
    std::cerr << Message(config.status()) << '\n';
    return 1;
  }
  StartLogging("reporter", config->log_level);
  if (const absl::Status opened = SetLogTarget(config->log); !opened.ok()) {
    std::cerr << Message(opened) << '\n';
    return 1;
  }
  AllowManyFiles();
  signal(SIGPIPE, SIG_IGN);
  const EventBasePtr base(event_base_new());
  Mailbox mailbox(base.get());
  std::random_device entropy;
  const std::uint64_t seed = (std::uint64_t{entropy()} << 32) | entropy();
  spdlog::info("node {} reports to {} dnsd", config->node, config->dnsd.size());
  Agent agent(base.get(), mailbox, *config, seed);
  agent.OnReady([&] { TellReady(*config); });
  const auto stop = [&] {
    sd_notify(0, "STOPPING=1");
    agent.Stop([&] { event_base_loopbreak(base.get()); });
  };
  const Watch term = Watch::Signal(base.get(), SIGTERM, stop);
  const Watch interrupt = Watch::Signal(base.get(), SIGINT, stop);
  LogTarget log = config->log;
  const Watch hangup = Watch::Signal(base.get(), SIGHUP, [&] { Reload(options, log, agent); });
  Timer watchdog(base.get(), [] { sd_notify(0, "WATCHDOG=1"); });
  if (std::uint64_t microseconds = 0; sd_watchdog_enabled(0, &microseconds) > 0) {
    watchdog.Every(std::chrono::microseconds(microseconds / 2));
  }
  event_base_dispatch(base.get());
  spdlog::info("node {} has left", config->node);
  return 0;
}

}  // namespace
}  // namespace dnsd::reporter

int main(int argc, char** argv) {
  using namespace dnsd::reporter;
  SaveMemory();
  const Options options = ParseOptions(argc, argv);
  switch (options.command) {
    case Options::Command::kExit:
      return options.exit_status;
    case Options::Command::kCheck:
      return Check(options);
    case Options::Command::kExchange:
      return Exchange(options);
    case Options::Command::kReport:
      break;
  }
  return Run(options);
}

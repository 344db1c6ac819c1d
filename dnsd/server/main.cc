// dnsd, the program: command line, check, signals.
#include <event2/thread.h>
#include <sys/resource.h>

#include <csignal>
#include <iostream>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/base/log_target.h"
#include "dnsd/server/daemon.h"
#include "dnsd/server/libevent_log.h"
#include "dnsd/server/load_served.h"
#include "dnsd/server/options.h"
#include "dnsd/server/successor.h"

namespace dnsd::server {
namespace {

// Configuration and zones as start-up takes them; every fault on a line of stdout.
int Check(const Options& options) {
  const auto config = LoadConfig(options);
  if (!config.ok()) {
    std::cout << Message(config.status()) << '\n';
    return 1;
  }
  AddressTable addresses;
  const auto loaded = LoadServed(*config, addresses);
  if (!loaded.ok()) {
    std::cout << Message(loaded.status()) << '\n';
    return 1;
  }
  for (const std::string& warning : loaded->warnings) {
    std::cout << warning << " (warning)\n";
  }
  return 0;
}

// A first configuration, and what to do with it.
int Init(const Options& options) {
  const auto written = WriteFirstConfig(FirstConfigOf(options));
  if (!written.ok()) {
    std::cerr << "dnsd init: " << Message(written.status()) << '\n';
    return 1;
  }
  for (const std::string& path : *written) std::cout << path << '\n';
  std::cerr << "Start it with: dnsd --config " << written->front() << '\n';
  return 0;
}

// Blocks the signals that main waits for, in this thread and all that it starts.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGHUP, kReloadZonesSignal, SIGUSR2, SIGINT, SIGTERM}) {
    sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a write beyond a limit fails, as on a full disk
  return signals;
}

// Connections take descriptors; the usual soft limit of 1,024 is for select(2), which nobody here
// calls.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The next signal. Meanwhile, after a reload, what it has replaced is freed.
int WaitForSignal(const sigset_t& signals, Daemon& daemon) {
  constexpr timespec kPause = {1, 0};
  int number = -1;
  while (number < 0) {
    number = sigtimedwait(&signals, nullptr, daemon.FreeReplaced() ? &kPause : nullptr);
  }
  return number;
}

int Serve(const Options& options, Program program) {
  auto predecessor = Predecessor::FromEnvironment();
  const auto config = LoadConfig(options);
  if (!config.ok()) {
    std::cerr << Message(config.status()) << '\n';
    return 1;
  }
  StartLogging("dnsd", config->log_level);
  if (const absl::Status opened = SetLogTarget(config->log); !opened.ok()) {
    std::cerr << Message(opened) << '\n';
    return 1;
  }
  RouteGrpcLog();
  RouteLibeventLog();
  evthread_use_pthreads();  // before the first event base: threads stop one another through it
  const sigset_t signals = BlockSignals();
  RaiseFileLimit();
  Daemon daemon(options, *config, std::move(program), std::move(predecessor));
  if (const absl::Status started = daemon.Start(); !started.ok()) {
    spdlog::error("{}", Message(started));
    return 1;
  }
  while (!daemon.handed_over()) {
    const int signal = WaitForSignal(signals, daemon);
    if (signal == SIGHUP) {
      daemon.Reload();
    } else if (signal == SIGUSR2) {
      daemon.HandOver().IgnoreError();  // logged
    } else if (signal == kReloadZonesSignal) {
      daemon.ReloadZones();
    } else {
      break;
    }
  }
  spdlog::info("stopping");
  daemon.Stop();
  return 0;
}

}  // namespace
}  // namespace dnsd::server

int main(int argc, char** argv) {
  using dnsd::server::Options;
  const Options options = dnsd::server::ParseOptions(argc, argv);
  switch (options.command) {
    case Options::Command::kServe:
      return dnsd::server::Serve(options, dnsd::server::OwnProgram(argc, argv));
    case Options::Command::kCheck:
      return dnsd::server::Check(options);
    case Options::Command::kInit:
      return dnsd::server::Init(options);
    case Options::Command::kExit:
      break;
  }
  return options.exit_status;
}

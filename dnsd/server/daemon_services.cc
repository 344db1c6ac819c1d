// What of a daemon only one process can have: state store, control loop, history, heartbeat and
// HTTP ports, control ports. They begin and end without the workers when one dnsd follows another.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "dnsd/base/log.h"
#include "dnsd/server/daemon.h"
#include "dnsd/server/service_manager.h"

namespace dnsd::server {
namespace {

constexpr int kTriesToTakeBack = 10;
constexpr auto kBetweenTries = std::chrono::milliseconds(300);

bool IsPending(int signal) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, signal) == 1;
}

}  // namespace

absl::Status Daemon::StartServices() {
  DNSD_RETURN_IF_ERROR(StartControl());
  DNSD_RETURN_IF_ERROR(StartHttp());
  return StartControlPorts();
}

void Daemon::StopServices() {
  if (http_ != nullptr) http_->Stop();
  searches_.Stop();
  if (reloader_ != nullptr) reloader_->Abandon();
  if (socket_ != nullptr) socket_->Stop();
  if (remote_ != nullptr) remote_->Stop();
  // The loop first: the streams that end now are no sign of trouble at their nodes.
  if (loop_ != nullptr) loop_->Stop();
  if (control_ != nullptr) control_->Stop();
  history_.reset();
}

void Daemon::DropServices() {
  StopServices();
  socket_.reset();
  remote_.reset();
  http_.reset();
  control_.reset();
  loop_.reset();
  if (store_ != nullptr && config_.state_dir.empty()) kept_ = store_->latest();
  store_.reset();
  placement_store_.reset();
}

void Daemon::StartWatchdog() {
  const auto period = WatchdogPeriod();
  if (!period) return;
  watchdog_ = std::make_unique<Watchdog>(
      *period, [this] { return Fault(); }, NotifyWell);
}

std::vector<int> Daemon::Sockets() const {
  std::vector<int> sockets;
  for (const auto& worker : workers_) worker->AppendSockets(sockets);
  return sockets;
}

absl::Status Daemon::HandOver() {
  if (getpid() == 1) {
    return absl::FailedPreconditionError(
        "as process 1 dnsd cannot be followed, since the container ends with it: restart the "
        "container");
  }
  if (std::getenv("NOTIFY_SOCKET") == nullptr) {
    spdlog::warn(
        "no service manager listens (NOTIFY_SOCKET): one that has started this process "
        "will not know of the one that follows");
  }
  spdlog::info("starting {} to follow this process", program_.path);
  auto successor = Successor::Start(program_, Sockets());
  absl::Status followed = successor.status();
  if (followed.ok()) followed = Follow(**successor);
  if (!followed.ok()) {
    spdlog::error("nobody follows, this dnsd goes on: {}", Message(followed));
    return followed;
  }
  spdlog::info("process {} follows", (*successor)->pid());
  NotifyMainProcess((*successor)->pid());
  handed_over_ = true;
  // Who wants a reload meant whoever serves; what is served now may be of before.
  if (IsPending(SIGHUP)) kill((*successor)->pid(), SIGHUP);
  (*successor)->Leave();
  return absl::OkStatus();
}

// The workers answer all the while.
absl::Status Daemon::Follow(Successor& successor) {
  const auto wait = [this] { return WaitInVain(); };
  DNSD_RETURN_IF_ERROR(successor.AwaitRelease(wait));
  watchdog_.reset();
  DropServices();
  successor.Released();
  absl::Status serving = successor.AwaitServing(wait);
  if (serving.ok()) return serving;
  successor.End();  // it may hang with our ports and our store
  reloader_->Resume();
  if (const absl::Status resumed = TakeBack(); !resumed.ok()) {
    // The watchdog misses the control loop.
    spdlog::critical("only DNS goes on, with the state it had: {}", Message(resumed));
  }
  StartWatchdog();
  return serving;
}

// What is waited for takes long; meanwhile the service manager must hear that we are well, without
// the watchdog's thread, which looks at what is just being taken away. True: somebody wants this
// process to end, and there is nothing to wait for.
bool Daemon::WaitInVain() const {
  if (Fault(/*of_workers_alone=*/true).empty()) NotifyWell();
  return IsPending(SIGTERM) || IsPending(SIGINT);
}

absl::Status Daemon::TakeBack() {
  absl::Status started;
  for (int i = 0; i < kTriesToTakeBack; ++i) {
    if (i > 0) std::this_thread::sleep_for(kBetweenTries);
    started = StartServices();
    if (started.ok()) return started;
    DropServices();
    reloader_->Resume();
  }
  return started;
}

}  // namespace dnsd::server

// What of a daemon only one process can have: state store, control loop, heartbeat and HTTP ports,
// control socket. They begin and end without the workers when one dnsd follows another.
#include <csignal>

#include "dnsd/base/log.h"
#include "dnsd/server/daemon.h"
#include "dnsd/server/service_manager.h"

namespace dnsd::server {
namespace {

// Whether somebody wants this process to end.
bool StopIsPending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

}  // namespace

absl::Status Daemon::StartServices() {
  DNSD_RETURN_IF_ERROR(StartControl());
  DNSD_RETURN_IF_ERROR(StartHttp());
  return StartControlSocket();
}

void Daemon::StopServices() {
  if (http_ != nullptr) http_->Stop();
  if (reloader_ != nullptr) reloader_->Abandon();
  if (socket_ != nullptr) socket_->Stop();
  // The loop first: the streams that end now are no sign of trouble at their nodes.
  if (loop_ != nullptr) loop_->Stop();
  if (control_ != nullptr) control_->Stop();
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
  (*successor)->Leave();
  return absl::OkStatus();
}

// The workers answer all the while.
absl::Status Daemon::Follow(Successor& successor) {
  DNSD_RETURN_IF_ERROR(successor.AwaitRelease(StopIsPending));
  watchdog_.reset();
  StopServices();
  socket_.reset();
  http_.reset();
  control_.reset();
  loop_.reset();
  store_.reset();
  successor.Released();
  absl::Status serving = successor.AwaitServing(StopIsPending);
  if (serving.ok()) return serving;
  reloader_->Resume();
  if (const absl::Status resumed = StartServices(); !resumed.ok()) {
    spdlog::critical("only DNS goes on, with the state it had: {}", Message(resumed));
  }
  StartWatchdog();
  return serving;
}

}  // namespace dnsd::server

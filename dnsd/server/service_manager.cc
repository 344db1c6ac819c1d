#include "dnsd/server/service_manager.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace dnsd::server {

void NotifyReady(const std::string& status) { sd_notify(0, ("READY=1\nSTATUS=" + status).c_str()); }

void NotifyReloading(MonotonicTime now) {
  // systemd matches the reload with its request by this time (CLOCK_MONOTONIC, which is
  // steady_clock's).
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void NotifyStopping() { sd_notify(0, "STOPPING=1"); }

void NotifyWell() { sd_notify(0, "WATCHDOG=1"); }

void NotifyMainProcess(pid_t pid) { sd_notify(0, ("MAINPID=" + std::to_string(pid)).c_str()); }

void StoreSockets(const std::vector<int>& sockets) {
  constexpr std::size_t kMost = 250;  // of one message: SCM_MAX_FD is 253
  sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=dns");
  for (std::size_t at = 0; at < sockets.size(); at += kMost) {
    const std::size_t count = std::min(kMost, sockets.size() - at);
    sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=dns", sockets.data() + at,
                           static_cast<unsigned>(count));
  }
}

std::optional<Duration> WatchdogPeriod() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  // Often: one bad moment must not be taken for a lasting fault.
  constexpr Duration kOften = std::chrono::seconds(2);
  return std::min<Duration>(std::chrono::microseconds(microseconds / 2), kOften);
}

absl::Status WriteReadyFile(const std::string& path,
                            const std::vector<std::pair<std::string, std::string>>& lines) {
  const std::string unfinished = path + ".new";
  std::ofstream out(unfinished, std::ios::trunc);
  for (const auto& [key, value] : lines) out << key << '=' << value << '\n';
  out.close();
  if (!out || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(unfinished.c_str());
    return absl::UnavailableError("cannot write the ready file " + path + ": " +
                                  std::strerror(error));
  }
  return absl::OkStatus();
}

void RemoveReadyFile(const std::string& path) { std::remove(path.c_str()); }

}  // namespace dnsd::server

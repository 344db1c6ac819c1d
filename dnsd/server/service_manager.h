// What dnsd tells whoever started it: systemd, through its notification socket, and scripts,
// through the ready file.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"

namespace dnsd::server {

// sd_notify(3); nothing happens where no service manager listens.
void NotifyReady(const std::string& status);
void NotifyReloading(MonotonicTime now);
void NotifyStopping();
// dnsd is well. WatchdogPeriod: how often that must be said (half of what the service manager
// allows, sd_watchdog_enabled(3)); nothing if nobody waits for it.
void NotifyWell();
std::optional<Duration> WatchdogPeriod();

// From here on `pid` is the service's main process, which alone is heard.
void NotifyMainProcess(pid_t pid);
// Has the service manager keep these, and no others it has kept, until the service begins anew,
// after a crash too: FileDescriptorStoreMax of systemd.service(5). What arrives meanwhile waits in
// them.
void StoreSockets(const std::vector<int>& sockets);

// Writes `lines` as key=value to `path`, whole or not at all: a reader never sees half of it.
absl::Status WriteReadyFile(const std::string& path,
                            const std::vector<std::pair<std::string, std::string>>& lines);

// Once what it says no longer holds, or before it does.
void RemoveReadyFile(const std::string& path);

}  // namespace dnsd::server

#include "dnsd/server/reload.h"

#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/config_check.h"
#include "dnsd/server/load_served.h"

namespace dnsd::server {
namespace {

constexpr Duration kCancelPoll = std::chrono::milliseconds(100);

}  // namespace

Reloader::Reloader(Parts parts, WallTime now) : parts_(std::move(parts)) { status_.last = now; }

absl::Status Reloader::Reload(WallTime now) {
  {
    std::lock_guard lock(mutex_);
    ++begun_;
  }
  const absl::Status result = TryReload();
  {
    std::lock_guard lock(mutex_);
    status_.last = now;
    status_.error = Message(result);
    ++(result.ok() ? status_.done : status_.failed);
  }
  ended_.notify_all();
  return result;
}

absl::StatusOr<std::vector<std::string>> Reloader::Await(
    const std::function<void()>& ask, const std::function<bool()>& is_cancelled) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ours = begun_ + 1;
  ask();
  const auto is_over = [&] { return abandoned_ || status_.done + status_.failed >= ours; };
  while (!ended_.wait_for(lock, kCancelPoll, is_over)) {
    if (is_cancelled()) return absl::CancelledError("nobody waits for the reload any more");
  }
  if (status_.done + status_.failed < ours) return absl::UnavailableError("dnsd is stopping");
  if (!status_.error.empty()) return absl::FailedPreconditionError(status_.error);
  return status_.restarts;
}

void Reloader::Abandon() {
  {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  ended_.notify_all();
}

void Reloader::Resume() {
  std::lock_guard lock(mutex_);
  abandoned_ = false;
}

ReloadStatus Reloader::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

absl::Status Reloader::TryReload() {
  auto config = LoadConfig(parts_.options);
  if (!config.ok()) return config.status();
  DNSD_RETURN_IF_ERROR(CheckReload(parts_.config, *config));
  config->edns.cookie_secrets =
      CookieSecretsOf(config->edns, parts_.served->Get()->cookies.secrets());
  AddressTable addresses = parts_.addresses;
  auto loaded = LoadServed(*config, addresses);
  if (!loaded.ok()) return loaded.status();
  // From here on nothing can fail.
  for (const std::string& warning : loaded->warnings) spdlog::warn("{}", warning);
  parts_.addresses = addresses;
  parts_.take_addresses(std::move(addresses), loaded->served->gauges);
  parts_.served->Publish(std::move(loaded->served));
  parts_.take_grants(config->heartbeat.grants);
  parts_.take_measured(config->measured);
  SetLogLevel(config->log_level);
  auto restarts = RestartKeys(parts_.config, *config);
  for (const std::string& key : restarts) {
    spdlog::warn("{} has changed, which takes effect with a restart", key);
  }
  std::lock_guard lock(mutex_);
  status_.restarts = std::move(restarts);
  return absl::OkStatus();
}

std::vector<std::string> RestartKeys(const Config& started, const Config& wanted) {
  const HeartbeatConfig& a = started.heartbeat;
  const HeartbeatConfig& b = wanted.heartbeat;
  const struct {
    const char* key;
    bool same;
  } keys[] = {
      {"listen", started.listen == wanted.listen},
      {"workers", started.workers == wanted.workers},
      {"heartbeat.listen", a.listen == b.listen},
      {"heartbeat.tls", a.tls_certificate == b.tls_certificate && a.tls_key == b.tls_key &&
                            a.tls_client_ca == b.tls_client_ca && a.tls_contents == b.tls_contents},
      {"heartbeat.suspect_after", a.suspect_after == b.suspect_after},
      {"heartbeat.dead_after", a.dead_after == b.dead_after},
      {"heartbeat.warm_up", a.warm_up == b.warm_up},
      {"http", started.http_listen == wanted.http_listen &&
                   started.http_hosts == wanted.http_hosts &&
                   started.http_busiest_sites == wanted.http_busiest_sites},
      {"state_dir", started.state_dir == wanted.state_dir},
      {"control.socket", started.control_socket == wanted.control_socket},
      {"tcp", started.tcp == wanted.tcp},
  };
  std::vector<std::string> changed;
  for (const auto& key : keys) {
    if (!key.same) changed.emplace_back(key.key);
  }
  return changed;
}

}  // namespace dnsd::server

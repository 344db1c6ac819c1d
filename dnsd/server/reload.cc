#include "dnsd/server/reload.h"

#include <algorithm>
#include <map>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/config_check.h"

namespace dnsd::server {
namespace {

constexpr Duration kCancelPoll = std::chrono::milliseconds(100);
constexpr std::size_t kMostChanges = 100;  // lines in the log, of one reload

// "zone lb.example.: serial 5 -> 6, 8 -> 9 sites", for each that is not as it was.
std::vector<std::string> ZoneChanges(const zone::ZoneSet& before, const zone::ZoneSet& after) {
  std::map<std::string, std::pair<const zone::Zone*, const zone::Zone*>> zones;
  for (const auto& zone : before.zones()) zones[zone->apex().ToString()].first = zone.get();
  for (const auto& zone : after.zones()) zones[zone->apex().ToString()].second = zone.get();
  std::vector<std::string> changes;
  for (const auto& [apex, pair] : zones) {
    const auto [old, now] = pair;
    const auto sites = [](const zone::Zone& zone) { return std::to_string(zone.site_count()); };
    std::string line = "zone " + apex + ": ";
    if (old == nullptr) {
      line += "new, serial " + std::to_string(now->serial()) + ", " + sites(*now) + " sites";
    } else if (now == nullptr) {
      line += "gone";
    } else if (old->serial() != now->serial() || old->site_count() != now->site_count()) {
      line += "serial " + std::to_string(old->serial()) + " -> " + std::to_string(now->serial()) +
              ", sites " + sites(*old) + " -> " + sites(*now);
    } else {
      continue;
    }
    changes.push_back(std::move(line));
  }
  return changes;
}

void LogChanges(const std::vector<std::string>& changes) {
  for (std::size_t i = 0; i < std::min(changes.size(), kMostChanges); ++i) {
    spdlog::info("reload: {}", changes[i]);
  }
  if (changes.size() > kMostChanges) {
    spdlog::info("reload: and {} changes more", changes.size() - kMostChanges);
  }
}

bool ServesZone(const answer::Served& served, const wire::Name& apex) {
  const auto& zones = served.zones.zones();
  return std::any_of(zones.begin(), zones.end(),
                     [&](const auto& zone) { return zone->apex() == apex; });
}

}  // namespace

Reloader::Reloader(Parts parts, WallTime now) : parts_(std::move(parts)), current_(parts_.config) {
  status_.last = now;
}

absl::Status Reloader::Reload(WallTime now) {
  {
    std::lock_guard lock(mutex_);
    ++whole_.begun;
  }
  // Whoever turns logs over asks for this, whether the rest of the reload succeeds or not.
  if (current_.log.is_file()) {
    const absl::Status reopened = SetLogTarget(current_.log);
    if (!reopened.ok()) spdlog::error("{}", Message(reopened));
  }
  return End(whole_, TryReload(), now);
}

std::optional<absl::Status> Reloader::ReloadZones(WallTime now) {
  std::set<std::string> apexes;
  {
    std::lock_guard lock(mutex_);
    if (zones_.empty()) return std::nullopt;
    apexes.swap(zones_);
    ++of_zones_.begun;
  }
  return End(of_zones_, TryReloadZones(apexes), now);
}

absl::Status Reloader::End(Rounds& rounds, const absl::Status& result, WallTime now) {
  {
    std::lock_guard lock(mutex_);
    status_.last = now;
    status_.error = rounds.error = Message(result);
    ++(result.ok() ? status_.done : status_.failed);
    ++rounds.ended;
  }
  ended_.notify_all();
  return result;
}

absl::StatusOr<std::vector<std::string>> Reloader::Await(
    const std::string& zone, const std::function<void()>& ask,
    const std::function<bool()>& is_cancelled) {
  const auto apex = wire::Name::Parse(zone);
  if (!zone.empty() && (!apex || !ServesZone(*parts_.served->Get(), *apex))) {
    return absl::NotFoundError("no zone '" + zone + "' is served; `dnsdctl zones` lists them");
  }
  std::unique_lock lock(mutex_);
  const Rounds& rounds = zone.empty() ? whole_ : of_zones_;
  const std::uint64_t ours = rounds.begun + 1;
  if (!zone.empty()) zones_.insert(apex->ToString());
  ask();
  const auto is_over = [&] { return abandoned_ || rounds.ended >= ours; };
  while (!ended_.wait_for(lock, kCancelPoll, is_over)) {
    if (is_cancelled()) return absl::CancelledError("nobody waits for the reload any more");
  }
  if (!status_.followers.empty()) return status_.followers;
  if (rounds.ended < ours) return absl::UnavailableError("dnsd is stopping");
  if (!rounds.error.empty()) return absl::FailedPreconditionError(rounds.error);
  return std::vector<std::string>();
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
  AddressTable addresses = parts_.addresses;
  auto loaded = LoadBy(*config, {}, addresses);
  if (!loaded.ok()) return loaded.status();
  std::vector<std::string> changes = ChangesTo(*config, *loaded->served);
  LogChanges(changes);
  auto keys = RestartKeys(parts_.config, *config);
  if (!keys.empty()) return HandOver(std::move(keys));
  if (!(config->log == current_.log)) DNSD_RETURN_IF_ERROR(SetLogTarget(config->log));
  // From here on nothing can fail.
  Publish(*std::move(loaded), std::move(addresses));
  parts_.take_grants(config->heartbeat.grants);
  parts_.take_measured(config->measured);
  parts_.take_placement(config->placement);
  SetLogLevel(config->log_level);
  current_ = *std::move(config);
  std::lock_guard lock(mutex_);
  status_.changes = std::move(changes);
  return absl::OkStatus();
}

absl::Status Reloader::HandOver(std::vector<std::string> keys) {
  for (const std::string& key : keys) {
    spdlog::info("{} has changed, for which a new process takes over", key);
  }
  {
    std::lock_guard lock(mutex_);
    status_.followers = std::move(keys);
  }
  const absl::Status followed = parts_.hand_over();
  if (!followed.ok()) {
    std::lock_guard lock(mutex_);
    status_.followers.clear();
  }
  return followed;
}

absl::Status Reloader::TryReloadZones(const std::set<std::string>& apexes) {
  const auto served = parts_.served->Get();
  const auto held = [&](const wire::Name& apex) -> std::shared_ptr<const zone::Zone> {
    if (apexes.contains(apex.ToString())) return nullptr;
    for (const auto& zone : served->zones.zones()) {
      if (zone->apex() == apex) return zone;
    }
    return nullptr;
  };
  AddressTable addresses = parts_.addresses;
  auto loaded = LoadBy(current_, held, addresses);
  if (!loaded.ok()) return loaded.status();
  std::vector<std::string> changes = ChangesTo(current_, *loaded->served);
  LogChanges(changes);
  Publish(*std::move(loaded), std::move(addresses));
  std::lock_guard lock(mutex_);
  status_.changes = std::move(changes);
  return absl::OkStatus();
}

absl::StatusOr<LoadedServed> Reloader::LoadBy(const Config& config, const HeldZones& held,
                                              AddressTable& addresses) const {
  Config with_secrets = config;
  with_secrets.edns.cookie_secrets =
      CookieSecretsOf(config.edns, parts_.served->Get()->cookies.secrets());
  auto loaded = LoadServed(with_secrets, addresses, held);
  if (!loaded.ok()) return loaded;
  for (const std::string& warning : loaded->warnings) spdlog::warn("{}", warning);
  return loaded;
}

void Reloader::Publish(LoadedServed loaded, AddressTable addresses) {
  parts_.addresses = addresses;
  parts_.take_addresses(std::move(addresses), loaded.served->gauges);
  parts_.served->Publish(std::move(loaded.served));
}

// A line each.
std::vector<std::string> Reloader::ChangesTo(const Config& config,
                                             const answer::Served& served) const {
  std::vector<std::string> changes = ChangesBetween(current_.settings, config.settings);
  const auto zones = ZoneChanges(parts_.served->Get()->zones, served.zones);
  changes.insert(changes.end(), zones.begin(), zones.end());
  return changes;
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
      {"heartbeat.tls", a.tls == b.tls},
      {"heartbeat.suspect_after", a.suspect_after == b.suspect_after},
      {"heartbeat.dead_after", a.dead_after == b.dead_after},
      {"heartbeat.warm_up", a.warm_up == b.warm_up},
      {"http", started.http_listen == wanted.http_listen &&
                   started.http_hosts == wanted.http_hosts &&
                   started.http_busiest_sites == wanted.http_busiest_sites},
      {"state_dir", started.state_dir == wanted.state_dir},
      {"control.socket", started.control_socket == wanted.control_socket},
      {"control.listen", started.control_remote.listen == wanted.control_remote.listen},
      {"control.tls", started.control_remote.tls == wanted.control_remote.tls},
      {"control.token_file", started.control_remote.token == wanted.control_remote.token},
      {"control.names", started.control_remote.names == wanted.control_remote.names},
      {"control.readers", started.control_remote.readers == wanted.control_remote.readers},
      {"history", started.history == wanted.history},
      {"tcp", started.tcp == wanted.tcp},
      {"query_log", started.taps.query_log == wanted.taps.query_log &&
                        started.taps.samples.log == wanted.taps.samples.log},
      {"dnstap", started.taps.dnstap == wanted.taps.dnstap &&
                     started.taps.samples.stream == wanted.taps.samples.stream},
  };
  std::vector<std::string> changed;
  for (const auto& key : keys) {
    if (!key.same) changed.emplace_back(key.key);
  }
  return changed;
}

}  // namespace dnsd::server

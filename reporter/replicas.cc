// Replicas: what is here, and the room it takes.
#include "reporter/replicas.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "dnsd/base/duration.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/log.h"
#include "dnsd/base/pattern.h"

namespace dnsd::reporter {
namespace {

using heartbeat::v1::Task;
using State = ReplicaRecord::State;

constexpr Duration kSettle = std::chrono::seconds(10);  // of a web server that has been reloaded

void ReplaceAll(const std::string& from, const std::string& to, std::string& text) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

Replicas::Replicas(event_base* base, Node& node, Random random)
    : base_(base), node_(node), random_(random), wake_(base, [this] { Pump(); }) {}

void Replicas::Configure(const ReplicaConfig& config, const std::string& folder,
                         bool checks_health) {
  config_ = config;
  folder_ = folder;
  checks_health_ = checks_health;
  board_.SetRules({config.retries, config.at_once});
  std::string state_dir;
  if (config.takes()) state_dir = config.state_dir.empty() ? folder + "/.dnsd" : config.state_dir;
  if (state_dir != state_dir_ || !store_) Open(state_dir);
}

void Replicas::Open(const std::string& state_dir) {
  // What runs has its records where they were.
  std::vector<TaskKey> running;
  for (const auto& [key, attempt] : attempts_) running.push_back(key);
  for (const TaskKey& key : running) {
    BreakOff(key);
    board_.Defer(key, MonotonicClock::now(), "the reporter was configured anew");
  }
  state_dir_ = state_dir;
  store_.reset();
  fault_.clear();
  if (state_dir.empty()) return;
  auto store = ReplicaStore::Open(state_dir);
  if (store.ok()) {
    store_ = *std::move(store);
    opened_ = true;
  } else {
    fault_ = Message(store.status());
    spdlog::error("replicas: {}; no task is taken", fault_);
  }
}

void Replicas::Take(const std::string& dnsd, const heartbeat::v1::Tasks& tasks) {
  deciders_.Heard(dnsd, tasks);
  for (const TaskKey& key : board_.Replace(dnsd, tasks)) BreakOff(key);
  KeepEvictions();
  Trim();
  std::erase_if(wait_for_leave_,
                [&](const auto& entry) { return board_.Find(entry.first) == nullptr; });
  std::erase_if(remake_, [&](const auto& at) { return board_.Find(at.first) == nullptr; });
  heard_.insert(dnsd);
  CleanUpUnwanted();
  Pump();
}

void Replicas::Lost(const std::string& dnsd) {
  deciders_.Lost(dnsd);
  KeepEvictions();
  board_.DropHeld(dnsd);
  Pump();
}

void Replicas::KeepOrigins(const std::vector<std::string>& dnsd) {
  deciders_.SetOrder(dnsd);
  for (const std::string& origin : board_.origins()) {
    const bool kept = std::find(dnsd.begin(), dnsd.end(), origin) != dnsd.end();
    if (origin.empty() || kept) continue;
    for (const TaskKey& key : board_.Replace(origin, {})) BreakOff(key);
  }
  KeepEvictions();
  Pump();
}

void Replicas::SitesChanged(const SiteContents& sites) {
  contents_ = sites;
  if (std::exchange(opened_, false)) GoOnWithRecorded();
  Trim();
  // One that is to be withdrawn and was away for a moment.
  if (LeavingHere() != leaving_) wake_.After(Duration::zero());
}

// After a start: of a recorded replica whose making was broken off nothing is in the folder, or
// all has yet to be looked at.
void Replicas::GoOnWithRecorded() {
  const std::map<std::string, ReplicaRecord> records = store_->all();
  for (const auto& [site, record] : records) {
    if (!record.lazy || record.state != State::kMaking) continue;
    if (contents_.contains(site)) {
      AddOwn(Task::INSTANTIATE, site);
      continue;
    }
    ReplicaRecord recorded = record;
    recorded.state = State::kRecorded;
    const absl::Status put = store_->Put(site, recorded);
    if (!put.ok()) spdlog::error("replicas: {}", Message(put));
  }
}

// After a start, once every dnsd has said what it wants: what was half made before and nobody goes
// on with.
void Replicas::CleanUpUnwanted() {
  const auto is_heard = [&](const std::string& dnsd) { return heard_.contains(dnsd); };
  if (cleaned_ || opened_ || !store_ ||
      !std::all_of(deciders_.order().begin(), deciders_.order().end(), is_heard))
    return;
  cleaned_ = true;
  for (const auto& [site, record] : store_->all()) {
    if (!record.lazy && !board_.IsBusy(site)) CleanUp(site);
  }
}

void Replicas::HealthChanged(const std::string& site) {
  for (auto& [key, attempt] : attempts_) {
    if (attempt.site == site) attempt.run->HealthChanged();
  }
}

void Replicas::Use(const std::string& site) {
  if (store_) store_->Use(site, std::time(nullptr));
}

// ---- what is here ----

std::string Replicas::NotReady(const std::string& site) const {
  std::string fault = FaultOf(site);
  if (fault.empty() && leaving_.contains(site)) fault = "it is about to be withdrawn";
  return fault;
}

// What is wrong with the replica itself; empty: it is whole.
std::string Replicas::FaultOf(const std::string& site) const {
  const ReplicaRecord* record = RecordOf(site);
  if (record == nullptr || record->ready()) return "";
  return record->why.empty() ? "a task for it has not ended well" : record->why;
}

// The sites that tasks are to withdraw, and that are hosted.
std::set<std::string> Replicas::LeavingHere() const {
  std::set<std::string> sites = board_.Leaving();
  if (sites.empty()) return sites;
  const SiteContents lazy = recorded();
  std::erase_if(sites, [&](const std::string& site) {
    return (!contents_.contains(site) && !lazy.contains(site)) || IsHome(site);
  });
  return sites;
}

// Every dnsd hears of a withdrawal before it begins, and can count. Whether it is news; telling may
// bring more of it.
bool Replicas::TellLeaving() {
  const std::set<std::string> now = LeavingHere();
  if (now == leaving_) return false;
  const std::set<std::string> before = std::exchange(leaving_, now);
  for (const std::string& site : before) {
    if (!now.contains(site)) node_.ReplicaTurned(site);
  }
  for (const std::string& site : now) {
    if (!before.contains(site)) node_.ReplicaTurned(site);
  }
  return true;
}

bool Replicas::IsHome(const std::string& site) const {
  return std::any_of(config_.home.begin(), config_.home.end(),
                     [&](const std::string& pattern) { return MatchesPattern(site, pattern); });
}

SiteContents Replicas::recorded() const {
  SiteContents sites;
  if (!store_) return sites;
  for (const auto& [site, record] : store_->all()) {
    const bool waits = record.state == State::kRecorded || record.state == State::kMaking;
    if (record.lazy && waits && !contents_.contains(site)) sites[site] = {record.version, 0};
  }
  return sites;
}

std::optional<SiteContent> Replicas::ContentOf(const std::string& site) const {
  const auto at = contents_.find(site);
  return at == contents_.end() ? std::nullopt : std::optional(at->second);
}

const ReplicaRecord* Replicas::RecordOf(const std::string& site) const {
  return store_ ? store_->Find(site) : nullptr;
}

// ---- room ----

// Of a site with too many files to be counted, what its source had.
std::uint64_t Replicas::BytesOf(const std::string& site) const {
  const auto content = ContentOf(site);
  if (!content) return 0;
  const ReplicaRecord* record = RecordOf(site);
  return content->bytes == 0 && record != nullptr ? record->bytes : content->bytes;
}

Room Replicas::RoomNow() const {
  Room room;
  room.quota = config_.quota;
  for (const auto& [site, content] : contents_) {
    const std::uint64_t bytes = BytesOf(site);
    room.used += bytes;
    if (evicted_.contains(site) && board_.IsBusy(site, true)) room.leaving += bytes;
  }
  for (const auto& [key, attempt] : attempts_) {
    room.coming += attempt.target - std::min(attempt.target, BytesOf(attempt.site));
  }
  struct statvfs disk {};
  if (!folder_.empty() && statvfs(folder_.c_str(), &disk) == 0) {
    room.free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  return room;
}

heartbeat::v1::Storage Replicas::StorageNow() const {
  const Room room = RoomNow();
  heartbeat::v1::Storage storage;
  storage.set_takes_replicas(store_.has_value());
  storage.set_quota_bytes(room.quota);
  storage.set_used_bytes(room.used);
  storage.set_free_bytes(room.free);
  storage.set_evictions(evictions_);
  storage.set_evicts(store_.has_value() && config_.evict);
  return storage;
}

// Only what tasks have brought, nobody works on, and the site can do without.
std::vector<Evictable> Replicas::EvictablesBut(const std::string& site) const {
  std::vector<Evictable> found;
  for (const auto& [name, record] : store_->all()) {
    if (name == site || record.state != State::kMade || !record.ours || IsHome(name)) continue;
    if (!contents_.contains(name) || board_.IsBusy(name) || !deciders_.MayDrop(name)) continue;
    found.push_back({name, BytesOf(name), store_->last_used(name)});
  }
  return found;
}

// Sites may have grown.
void Replicas::Trim() {
  if (!store_ || !config_.evict) return;
  const std::uint64_t excess = RoomNow().Excess(0);
  if (excess > 0) Evict(ChooseEvictions(EvictablesBut(""), excess));
}

// Told as not ready first, for as long as answers may be under way.
void Replicas::Evict(const std::vector<std::string>& sites) {
  for (const std::string& site : sites) {
    spdlog::info("{} is dropped to make room, in {}", site, DurationText(deciders_.grace()));
    evicted_[site] = AddOwn(Task::WITHDRAW, site, MonotonicClock::now() + deciders_.grace());
  }
}

// What may be dropped no more, or is wanted again, stays.
void Replicas::KeepEvictions() {
  std::erase_if(evicted_, [this](const auto& entry) {
    const auto& [site, key] = entry;
    const bool may = config_.evict && deciders_.MayDrop(site) && !board_.IsWanted(site);
    if (may || !board_.DropOwn(key)) return false;
    spdlog::info("{} stays: it cannot be done without any more", site);
    return true;
  });
}

TaskKey Replicas::AddOwn(Task::Kind kind, const std::string& site, MonotonicTime not_before) {
  Task task;
  task.set_kind(kind);
  task.set_site(site);
  if (const ReplicaRecord* record = RecordOf(site); kind == Task::INSTANTIATE && record) {
    task.set_content_version(record->version);
    task.set_bytes(record->bytes);
    for (const ReplicaSource& from : record->sources) {
      auto& source = *task.add_sources();
      source.set_node(from.node);
      for (const std::string& text : from.addresses) {
        const auto address = IpAddress::Parse(text);
        if (!address) continue;
        const auto octets = address->octets();
        source.add_addresses(octets.data(), octets.size());
      }
    }
  }
  wake_.After(Duration::zero());
  return board_.AddOwn(std::move(task), not_before);
}

// ---- on request ----

Replicas::Coming Replicas::Materialise(const std::string& site) {
  const ReplicaRecord* record = RecordOf(site);
  if (record == nullptr || !record->lazy) {
    return contents_.contains(site) ? Coming::kHere : Coming::kUnknown;
  }
  const MonotonicTime now = MonotonicClock::now();
  if (record->state == State::kMade) {
    const auto at = materialised_.find(site);
    const bool settled = at == materialised_.end() || now - at->second > kSettle;
    return settled ? Coming::kHere : Coming::kComing;
  }
  materialised_[site] = now;
  if (!board_.IsBusy(site)) AddOwn(Task::INSTANTIATE, site);
  return Coming::kComing;
}

std::string Replicas::RedirectOf(const std::string& site) const {
  const ReplicaRecord* record = RecordOf(site);
  if (record == nullptr || config_.redirect.empty()) return "";
  for (const ReplicaSource& source : record->sources) {
    if (source.addresses.empty()) continue;
    const std::string& address = source.addresses.front();
    const bool v6 = address.find(':') != std::string::npos;
    std::string url = config_.redirect;
    ReplaceAll("{site}", site, url);
    ReplaceAll("{node}", source.node, url);
    ReplaceAll("{address}", v6 ? "[" + address + "]" : address, url);
    return url;
  }
  return "";
}

}  // namespace dnsd::reporter

// Replicas: what needs no hook, or cannot have one.
#include <algorithm>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/base/octet_size.h"
#include "reporter/replicas.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Task;
using State = ReplicaRecord::State;

constexpr Duration kLookAgain = 250ms;  // at what another process or task holds up
constexpr Duration kLeaveTime = 15s;    // the dnsd that decides may be another, or have just begun

}  // namespace

// The task ends here, without a hook. Always true.
bool Replicas::End(const TaskKey& key, bool good, const std::string& why) {
  const BoardTask& task = *board_.Find(key);
  const std::string name = std::string(ActionOf(task.task.kind())) + " " + task.site;
  const auto evicted = evicted_.find(task.site);
  if (evicted != evicted_.end() && evicted->second == key) evicted_.erase(evicted);
  wait_for_leave_.erase(key);
  if (good) {
    spdlog::info("{}: done{}", name, why.empty() ? "" : ": " + why);
    board_.Done(key, why);
  } else {
    spdlog::warn("{}: {}", name, why);
    board_.FailedForGood(key, why);
  }
  return true;
}

bool Replicas::EndsAtOnce(const TaskKey& key, const BoardTask& task) {
  if (!config_.takes()) return End(key, false, "this node has no hooks for replicas");
  if (!store_) return End(key, false, fault_);
  switch (task.task.kind()) {
    case Task::INSTANTIATE:
      return InstantiateEndsAtOnce(key, task);
    case Task::WITHDRAW:
      return WithdrawEndsAtOnce(key, task);
    default:
      return VerifyEndsAtOnce(key, task);
  }
}

bool Replicas::InstantiateEndsAtOnce(const TaskKey& key, const BoardTask& task) {
  const auto content = ContentOf(task.site);
  if (IsHome(task.site)) {
    return End(key, content.has_value(),
               content ? "its content is made here" : "its content is made here, and is gone");
  }
  const bool current =
      content && FaultOf(task.site).empty() && content->version >= task.task.content_version();
  if (current && config_.verify.empty()) return End(key, true, "it is here");
  const bool lazily = config_.lazy && !key.origin.empty() && !content;
  return lazily && Record(key, task);
}

bool Replicas::WithdrawEndsAtOnce(const TaskKey& key, const BoardTask& task) {
  if (IsHome(task.site)) return End(key, false, "its content is made here");
  const ReplicaRecord* record = RecordOf(task.site);
  if (key.origin.empty()) {  // our own, which a task run before it may have made needless
    const State wanted = evicted_.contains(task.site) ? State::kMade : State::kMaking;
    const bool still =
        record != nullptr && (record->state == wanted || record->state == State::kWithdrawing);
    return !still && End(key, true, "needless");
  }
  if (ContentOf(task.site)) return false;
  if (record == nullptr) return End(key, true, "it is not here");
  if (record->state != State::kRecorded) return false;  // there may be parts of it
  if (const absl::Status gone = store_->Remove(task.site); !gone.ok()) {
    return End(key, false, Message(gone));
  }
  node_.ReplicaTurned(task.site);
  return End(key, true, "it was only recorded");
}

// What cannot come to a withdrawal is told before the hold is lifted.
void Replicas::LookAtHeld() {
  for (const TaskKey& key : board_.Held()) {
    const BoardTask& task = *board_.Find(key);
    if (!config_.takes()) {
      End(key, false, "this node has no hooks for replicas");
    } else if (!store_) {
      End(key, false, fault_);
    } else if (IsHome(task.site)) {
      End(key, false, "its content is made here");
    } else if (!ContentOf(task.site) && RecordOf(task.site) == nullptr) {
      End(key, true, "it is not here");
    }
  }
}

bool Replicas::VerifyEndsAtOnce(const TaskKey& key, const BoardTask& task) {
  const std::string fault = FaultOf(task.site);
  if (!ContentOf(task.site)) {
    const ReplicaRecord* record = RecordOf(task.site);
    const bool recorded = record != nullptr && record->state == State::kRecorded;
    return End(key, recorded, recorded ? "it is only recorded" : "it is not here");
  }
  return config_.verify.empty() && End(key, fault.empty(), fault);
}

// Lazily: it is made when it is first asked for.
bool Replicas::Record(const TaskKey& key, const BoardTask& task) {
  const ReplicaRecord* former = RecordOf(task.site);
  if (former != nullptr && !former->lazy) return false;  // parts of it are here
  ReplicaRecord record;
  record.state = State::kRecorded;
  record.ours = record.lazy = true;
  record.bytes = task.task.bytes();
  record.version = task.task.content_version();
  record.sources = SourcesOf(task.task);
  if (const absl::Status put = store_->Put(task.site, record); !put.ok()) {
    return End(key, false, Message(put));
  }
  node_.ReplicaTurned(task.site);
  return End(key, true, "recorded; the first request makes it");
}

// False: the task has to wait until others have left, or has failed.
bool Replicas::HasRoom(const TaskKey& key, const BoardTask& task) {
  const std::uint64_t more = task.task.bytes() - std::min(task.task.bytes(), BytesOf(task.site));
  const Room room = RoomNow();
  const std::string needs = "it needs " + OctetSizeText(more) + ", ";
  const std::string site = task.site;  // `task` may be gone once it has ended
  if (!room.FitsDisk(more)) {
    const bool ended =
        End(key, false, needs + "the disk has " + OctetSizeText(room.free) + " free");
    GiveUpRecorded(site, "there is no room for it");
    return !ended;
  }
  if (room.FitsNow(more)) {
    wait_for_leave_.erase(key);
    return true;
  }
  const std::uint64_t excess = room.Excess(more);
  std::vector<std::string> chosen;
  if (excess > 0 && config_.evict) chosen = ChooseEvictions(EvictablesBut(task.site), excess);
  if (excess > 0 && chosen.empty()) {
    const MonotonicTime now = MonotonicClock::now();
    if (config_.evict && now < wait_for_leave_.try_emplace(key, now).first->second + kLeaveTime) {
      board_.Defer(key, now + kLookAgain, "waiting for leave to drop others");
      return false;
    }
    const bool ended =
        End(key, false,
            needs + "of the quota of " + OctetSizeText(room.quota) + " " +
                OctetSizeText(room.used + room.coming) + " are taken" +
                (config_.evict ? ", and what can be done without is not enough" : ""));
    GiveUpRecorded(site, "there is no room for it");
    return !ended;
  }
  wait_for_leave_.erase(key);
  board_.Defer(key, MonotonicClock::now() + kLookAgain, "others are dropped to make room");
  Evict(chosen);
  return false;
}

std::optional<SiteLock> Replicas::Lock(const TaskKey& key, const std::string& site) {
  const MonotonicTime now = MonotonicClock::now();
  auto lock = store_->Lock(site);
  if (lock.ok()) {
    orphans_.erase(site);
    return *std::move(lock);
  }
  const auto [orphan, fresh] = orphans_.try_emplace(site, now);
  if (fresh) spdlog::info("{}: {}; waiting for it", site, Message(lock.status()));
  if (now - orphan->second > config_.timeout) store_->KillOrphan(site);
  board_.Defer(key, now + kLookAgain, Message(lock.status()));
  return std::nullopt;
}

}  // namespace dnsd::reporter

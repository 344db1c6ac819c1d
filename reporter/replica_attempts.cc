// Replicas: a task from its beginning to its end.
#include <algorithm>
#include <utility>

#include "dnsd/base/duration.h"
#include "dnsd/base/log.h"
#include "dnsd/base/octet_size.h"
#include "dnsd/base/printable.h"
#include "reporter/replicas.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Task;
using State = ReplicaRecord::State;

constexpr Duration kSlice = 20ms;

std::string NameOf(const BoardTask& task) {
  return std::string(ActionOf(task.task.kind())) + " " + task.site;
}

// What a hook wrote, indented below the message that it belongs to.
std::string Indented(const std::string& output) {
  std::string text;
  std::string_view rest = output;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    text += "\n    " + Printable(std::string(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return text;
}

// A replica that a task has not left whole, one that was to be dropped included.
ReplicaRecord NotWhole(ReplicaRecord record, const std::string& why) {
  if (record.state != State::kWithdrawing) record.state = State::kMaking;
  record.why = why;
  return record;
}

}  // namespace

// In slices: heartbeats go between them, however many tasks end at once.
void Replicas::Pump() {
  LookAtHeld();
  MonotonicTime now = MonotonicClock::now();
  const MonotonicTime end = now + kSlice;
  do {
    while (const auto key = now < end ? board_.Next(now) : std::nullopt) {
      Begin(*key);
      now = MonotonicClock::now();
    }
  } while (TellLeaving() && now < end);
  wake_.Stop();
  if (now >= end) {
    wake_.After(Duration::zero());
  } else if (const auto next = board_.NextTime(now)) {  // as of the last look: none falls between
    wake_.After(std::max<Duration>(*next - now, 10ms));
  }
  node_.TasksTurned();
}

void Replicas::Begin(const TaskKey& key) {
  const BoardTask& task = *board_.Find(key);
  if (EndsAtOnce(key, task)) return;
  const Job job = JobOf(key, task);
  if (job == Job::kMake && !HasRoom(key, task)) return;
  auto lock = Lock(key, task.site);
  if (!lock) return;
  Attempt attempt;
  attempt.site = task.site;
  attempt.job = job;
  attempt.content = ContentOf(task.site);
  if (const ReplicaRecord* record = RecordOf(task.site)) attempt.record = *record;
  if (job == Job::kMake) {
    attempt.target = std::max(task.task.bytes(), BytesOf(task.site));
  }
  attempt.since = MonotonicClock::now();
  attempt.lock = *std::move(lock);
  board_.Begin(key);
  const auto remade = remake_.find(key);
  const bool whole = FaultOf(task.site).empty() && (remade == remake_.end() || remade->second);
  const bool updates = job == Job::kMake && attempt.content && whole;
  if (const absl::Status marked = updates ? absl::OkStatus() : Mark(task, attempt); !marked.ok()) {
    return Failed(key, attempt, Message(marked));
  }
  attempt.run =
      std::make_unique<ReplicaRun>(base_, StepsOf(task, attempt),
                                   [this, key](const absl::Status& status) { Ended(key, status); });
  const bool hosted = attempt.content || (attempt.record && attempt.record->lazy);
  const bool to_be_told = attempt.marked && hosted;
  const std::string site = task.site;
  attempts_.emplace(key, std::move(attempt));
  if (to_be_told) return node_.ReplicaTurned(site);  // Told() follows
  StartRun(key);
}

// A replica that is here and ready is looked at before it is made again.
Replicas::Job Replicas::JobOf(const TaskKey& key, const BoardTask& task) const {
  if (task.task.kind() == Task::WITHDRAW) return Job::kDrop;
  if (task.task.kind() == Task::VERIFY) return Job::kVerify;
  const auto content = ContentOf(task.site);
  const bool current =
      content && FaultOf(task.site).empty() && content->version >= task.task.content_version();
  return current && !remake_.contains(key) ? Job::kVerify : Job::kMake;
}

// Puts down what is about to be done, before it is: a site whose hook is killed half-way is not
// ready, whoever looks. Not of a replica that is brought up to date: the old one answers until its
// hook puts the new one in its place at once; a home that publishes would else silence all others.
absl::Status Replicas::Mark(const BoardTask& task, Attempt& attempt) {
  if (attempt.job == Job::kVerify) return absl::OkStatus();
  ReplicaRecord record = attempt.record.value_or(ReplicaRecord{});
  const bool makes = attempt.job == Job::kMake;
  record.state = makes ? State::kMaking : State::kWithdrawing;
  record.why = makes ? "it is being made" : "it is being withdrawn";
  if (makes && task.task.bytes() > 0) record.bytes = task.task.bytes();
  if (makes && !attempt.record) record.ours = !attempt.content;
  if (makes && task.task.sources_size() > 0) record.sources = SourcesOf(task.task);
  attempt.marked = true;
  return store_->Put(task.site, record);
}

ReplicaRun::Steps Replicas::StepsOf(const BoardTask& task, const Attempt& attempt) {
  HookCall call;
  call.site = task.site;
  call.sites_dir = folder_;
  call.reporter = OwnProgram();
  call.sources = SourcesOf(task.task);
  call.version = task.task.content_version();
  call.bytes = task.task.bytes();
  const auto step = [&](const std::string& hook, Task::Kind kind) {
    call.command = hook;
    call.action = ActionOf(kind);
    Command command = CommandOf(call);
    command.lock = attempt.lock.fd();
    return command;
  };
  ReplicaRun::Steps steps;
  steps.limit = config_.timeout;
  if (attempt.job == Job::kVerify) {
    steps.commands = {step(config_.verify, Task::VERIFY)};
    steps.verifies = true;
    return steps;
  }
  steps.look = [this, job = attempt.job, site = task.site, version = task.task.content_version()] {
    return LookAfter(job, site, version);
  };
  if (attempt.job == Job::kDrop) {
    steps.commands = {step(config_.withdraw, Task::WITHDRAW)};
    return steps;
  }
  steps.commands = {step(config_.instantiate, Task::INSTANTIATE)};
  steps.verifies = !config_.verify.empty();
  if (steps.verifies) steps.commands.push_back(step(config_.verify, Task::VERIFY));
  if (checks_health_) {
    steps.check_health = [this, site = task.site] { node_.CheckAnew(site); };
    steps.is_healthy = [this, site = task.site] { return node_.IsHealthy(site); };
  }
  return steps;
}

void Replicas::Told() {
  for (auto& [key, attempt] : attempts_) {
    if (!attempt.begun) StartRun(key);
  }
}

void Replicas::StartRun(const TaskKey& key) {
  Attempt& attempt = attempts_.at(key);
  const BoardTask& task = *board_.Find(key);
  spdlog::info("{}: attempt {} begins", NameOf(task), task.attempts);
  attempt.begun = true;
  attempt.run->Begin();
}

// The folder tells the truth, whatever the hook's exit status says.
absl::Status Replicas::LookAfter(Job job, const std::string& site, std::uint64_t version) {
  node_.LookAgain(site);
  const auto content = ContentOf(site);
  if (job == Job::kDrop) {
    return content ? absl::FailedPreconditionError(
                         "the hook says that it is done, and the site is still in the folder")
                   : absl::OkStatus();
  }
  if (!content) {
    return absl::FailedPreconditionError(
        "the hook says that it is done, and the site is not in the folder");
  }
  if (content->version >= version || content->version == 0) return absl::OkStatus();
  return absl::FailedPreconditionError("the hook has brought version " +
                                       std::to_string(content->version) + ", wanted " +
                                       std::to_string(version) + " at least");
}

void Replicas::Ended(const TaskKey& key, const absl::Status& status) {
  Attempt attempt = std::move(attempts_.at(key));
  attempts_.erase(key);
  const std::string name = NameOf(*board_.Find(key));
  const std::string time = DurationText(MonotonicClock::now() - attempt.since);
  const std::string output = attempt.run->output();
  if (status.ok()) {
    spdlog::info("{}: done in {}{}", name, time, Indented(output));
  } else {
    spdlog::warn("{}: failed after {}: {}{}", name, time, Message(status), Indented(output));
  }
  // What cannot be told is nothing against a replica that is ready, and nothing for another.
  const bool ready = FaultOf(attempt.site).empty();
  const bool stays = attempt.job == Job::kVerify && absl::IsUnavailable(status) && ready;
  const absl::Status good = status.ok() ? Succeeded(key, attempt) : status;
  if (good.ok() || stays) {
    board_.Done(key, output);
  } else if (board_.Find(key) != nullptr && !board_.Find(key)->finished()) {
    const std::string words = LastWords(output);
    const std::string why = Message(good) + (words.empty() ? "" : ": " + words);
    if (attempt.job == Job::kVerify) {
      FoundFault(key, attempt, good, why);
    } else {
      Failed(key, attempt, why);
    }
  }
  attempt = Attempt();  // its lock, before the next of the site begins
  Pump();
}

// Puts down what has been reached. An error: it cannot stay so.
absl::Status Replicas::Succeeded(const TaskKey& key, const Attempt& attempt) {
  const std::string& site = attempt.site;
  remake_.erase(key);
  if (attempt.job == Job::kDrop) {
    DNSD_RETURN_IF_ERROR(store_->Remove(site));
    if (evicted_.erase(site) > 0) ++evictions_;
    node_.ReplicaTurned(site);
    return absl::OkStatus();
  }
  const ReplicaRecord* now = RecordOf(site);
  if (now == nullptr || now->state == State::kMade) return absl::OkStatus();
  const Room room = RoomNow();
  const std::uint64_t excess = room.Excess(0);
  if (excess > 0 && !attempt.content) {
    const auto chosen =
        config_.evict ? ChooseEvictions(EvictablesBut(site), excess) : std::vector<std::string>();
    if (chosen.empty()) {
      const std::string why = "with it " + OctetSizeText(room.used) + " are used, of a quota of " +
                              OctetSizeText(room.quota);
      spdlog::warn("{}: {}; it is dropped", site, why);
      board_.FailedForGood(key, why);
      AddOwn(Task::WITHDRAW, site);
      return absl::ResourceExhaustedError(why);
    }
    Evict(chosen);
  }
  ReplicaRecord record = *now;
  record.state = State::kMade;
  record.why.clear();
  DNSD_RETURN_IF_ERROR(store_->Put(site, record));
  node_.ReplicaTurned(site);
  return absl::OkStatus();
}

// A replica that has been looked over is not as it should be. One that is behind its source is
// whole: it answers until it is brought up to date, as any does whose home has published.
void Replicas::FoundFault(const TaskKey& key, const Attempt& attempt, const absl::Status& verdict,
                          const std::string& why) {
  const bool behind = absl::IsOutOfRange(verdict);
  if (!behind && !absl::IsUnavailable(verdict)) GoBack(attempt, why);
  if (board_.Find(key)->task.kind() == Task::INSTANTIATE) {
    remake_[key] = behind;
    return board_.Defer(key, MonotonicClock::now(), why);
  }
  if (behind) return board_.FailedForGood(key, why);
  board_.Failed(key, why, MonotonicClock::now(), random_.Unit());
}

void Replicas::Failed(const TaskKey& key, const Attempt& attempt, const std::string& why) {
  GoBack(attempt, why);
  if (board_.Failed(key, why, MonotonicClock::now(), random_.Unit())) return;
  if (evicted_.erase(attempt.site) > 0) spdlog::warn("{} cannot be dropped", attempt.site);
  if (attempt.job == Job::kMake) CleanUp(attempt.site);
}

// The hook is killed with its attempt.
void Replicas::BreakOff(const TaskKey& key) {
  const auto at = attempts_.find(key);
  if (at == attempts_.end()) return;
  Attempt attempt = std::move(at->second);
  attempts_.erase(at);
  attempt.run.reset();
  spdlog::info("{}: not wanted any more, broken off", attempt.site);
  GoBack(attempt, "a hook was broken off");
  if (attempt.job == Job::kMake) CleanUp(attempt.site);
}

// What tasks alone have brought here, and not whole, only takes room.
void Replicas::CleanUp(const std::string& site) {
  const ReplicaRecord* record = RecordOf(site);
  if (record == nullptr || record->state != State::kMaking || !record->ours) return;
  AddOwn(Task::WITHDRAW, site);
}

// What is only recorded and cannot be made is nothing that an answer may lead to.
void Replicas::GiveUpRecorded(const std::string& site, const std::string& why) {
  const ReplicaRecord* record = RecordOf(site);
  if (record == nullptr || !record->lazy || ContentOf(site)) return;
  Put(site, NotWhole(*record, why));
  node_.ReplicaTurned(site);
  CleanUp(site);
}

void Replicas::Put(const std::string& site, const ReplicaRecord& record) {
  const absl::Status put = store_->Put(site, record);
  if (!put.ok()) spdlog::error("replicas: {}", Message(put));
}

// After a failure: what the hook has not touched is what it was. A site of unknown size may have
// been touched, as its age does not tell either; of one that was not here there may be parts. What
// a hook that withdraws has undone beside the folder, a virtual host say, nobody sees.
void Replicas::GoBack(const Attempt& attempt, const std::string& why) {
  node_.LookAgain(attempt.site);
  const auto content = ContentOf(attempt.site);
  const bool untouched = content == attempt.content && (!content || content->bytes > 0);
  const bool kept = attempt.job != Job::kDrop && untouched;
  const bool back = !attempt.begun || (kept && (content || attempt.record));
  const ReplicaRecord* now = RecordOf(attempt.site);
  if (attempt.job == Job::kVerify) {  // a site of the operator's stays as he says
    if (now == nullptr) return;
    Put(attempt.site, NotWhole(*now, why));
  } else if (!back) {
    Put(attempt.site, NotWhole(now == nullptr ? ReplicaRecord() : *now, why));
  } else if (attempt.job == Job::kMake && attempt.record && attempt.record->lazy && !content) {
    Put(attempt.site, NotWhole(*attempt.record, why));  // it was asked for, and could not be made
  } else if (attempt.record) {
    Put(attempt.site, *attempt.record);
  } else if (const absl::Status gone = store_->Remove(attempt.site); !gone.ok()) {
    spdlog::error("replicas: {}", Message(gone));
  }
  node_.ReplicaTurned(attempt.site);
}

}  // namespace dnsd::reporter

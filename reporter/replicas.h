// Carries out what the dnsd want done with replicas, by the operator's hooks, and knows which of
// the sites in the folder are whole.
//
//   Tasks of each dnsd --> TaskBoard --> ReplicaRun: hook, verify, health --> ReplicaStore
//                              \--> TaskReports          NotReady(site) <--------/
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/base/random.h"
#include "reporter/deciders.h"
#include "reporter/event_loop.h"
#include "reporter/hook.h"
#include "reporter/hosting.h"
#include "reporter/replica_config.h"
#include "reporter/replica_room.h"
#include "reporter/replica_run.h"
#include "reporter/replica_store.h"
#include "reporter/task_board.h"

namespace dnsd::reporter {

// Belongs to the loop's thread.
class Replicas {
 public:
  // What it wants of the node around it.
  class Node {
   public:
    // Reads anew what the folder has of the site. May call SitesChanged.
    virtual void LookAgain(const std::string& site) = 0;
    // Begins a check of the site whose verdict does not follow from those before.
    virtual void CheckAnew(const std::string& site) = 0;
    virtual bool IsHealthy(const std::string& site) const = 0;
    // What is told of the site is to be told anew, and soon.
    virtual void ReplicaTurned(const std::string& site) = 0;
    virtual void TasksTurned() = 0;

   protected:
    ~Node() = default;
  };

  Replicas(event_base* base, Node& node, Random random);

  // `checks_health`: sites have a health check. What runs goes on; `folder` may be empty.
  void Configure(const ReplicaConfig& config, const std::string& folder, bool checks_health);

  void Take(const std::string& dnsd, const heartbeat::v1::Tasks& tasks);
  // The dnsd's stream has ended: what it has begun goes on, what it only meant to do does not.
  void Lost(const std::string& dnsd);
  // Forgets the tasks of all dnsd but these, which are in the order of preference, and goes on as
  // it is configured now.
  void KeepOrigins(const std::vector<std::string>& dnsd);
  void SitesChanged(const SiteContents& sites);
  void HealthChanged(const std::string& site);
  // A heartbeat has gone: what was to be told before a hook begins has been told.
  void Told();
  // The site is being asked for.
  void Use(const std::string& site);

  // Why a site must not be answered with; empty: it is ready.
  std::string NotReady(const std::string& site) const;
  bool IsHome(const std::string& site) const;
  // The dnsd whose decisions move sites here; empty: none's.
  std::string decider() const { return deciders_.named(); }
  // Replicas that are recorded and not in the folder yet.
  SiteContents recorded() const;
  TaskReports Reports(const std::string& dnsd) const { return board_.Reports(dnsd); }
  heartbeat::v1::Storage StorageNow() const;

  // kComing also some seconds after it has come: the web server may not know it yet.
  enum class Coming { kUnknown, kComing, kHere };
  // A request for the site has come: one that is only recorded is made now.
  Coming Materialise(const std::string& site);
  // `redirect` of the configuration for this site; empty: nowhere.
  std::string RedirectOf(const std::string& site) const;

 private:
  enum class Job { kMake, kDrop, kVerify };
  // A task under way, and what was before it, to be gone back to.
  struct Attempt {
    std::string site;
    Job job{};
    bool marked = false;  // the site is told as not ready while it lasts
    bool begun = false;   // its hook
    std::optional<ReplicaRecord> record;
    std::optional<SiteContent> content;
    std::uint64_t target = 0;  // octets that the site will have
    MonotonicTime since;       // its beginning
    SiteLock lock;
    std::unique_ptr<ReplicaRun> run;
  };

  // ---- replica_at_once.cc: what needs no hook, or cannot have one ----
  bool EndsAtOnce(const TaskKey& key, const BoardTask& task);
  bool InstantiateEndsAtOnce(const TaskKey& key, const BoardTask& task);
  bool WithdrawEndsAtOnce(const TaskKey& key, const BoardTask& task);
  void LookAtHeld();
  bool VerifyEndsAtOnce(const TaskKey& key, const BoardTask& task);
  bool End(const TaskKey& key, bool good, const std::string& why);
  bool Record(const TaskKey& key, const BoardTask& task);
  bool HasRoom(const TaskKey& key, const BoardTask& task);
  std::optional<SiteLock> Lock(const TaskKey& key, const std::string& site);
  // ---- replica_attempts.cc: a task from its beginning to its end ----
  void Pump();
  void Begin(const TaskKey& key);
  Job JobOf(const TaskKey& key, const BoardTask& task) const;
  absl::Status Mark(const BoardTask& task, Attempt& attempt);
  ReplicaRun::Steps StepsOf(const BoardTask& task, const Attempt& attempt);
  void StartRun(const TaskKey& key);
  absl::Status LookAfter(Job job, const std::string& site, std::uint64_t version);
  void Ended(const TaskKey& key, const absl::Status& status);
  absl::Status Succeeded(const TaskKey& key, const Attempt& attempt);
  void FoundFault(const TaskKey& key, const Attempt& attempt, const absl::Status& verdict,
                  const std::string& why);
  void Failed(const TaskKey& key, const Attempt& attempt, const std::string& why);
  void BreakOff(const TaskKey& key);
  void GoBack(const Attempt& attempt, const std::string& why);
  void CleanUp(const std::string& site);
  void GiveUpRecorded(const std::string& site, const std::string& why);
  void Put(const std::string& site, const ReplicaRecord& record);

  // ---- replicas.cc: what is here, and the room it takes ----
  void Open(const std::string& state_dir);
  void GoOnWithRecorded();
  void CleanUpUnwanted();
  TaskKey AddOwn(heartbeat::v1::Task::Kind kind, const std::string& site,
                 MonotonicTime not_before = {});
  std::string FaultOf(const std::string& site) const;
  std::set<std::string> LeavingHere() const;
  bool TellLeaving();
  void KeepEvictions();
  void Trim();
  Room RoomNow() const;
  std::vector<Evictable> EvictablesBut(const std::string& site) const;
  std::uint64_t BytesOf(const std::string& site) const;
  std::optional<SiteContent> ContentOf(const std::string& site) const;
  const ReplicaRecord* RecordOf(const std::string& site) const;
  void Evict(const std::vector<std::string>& sites);

  event_base* base_;
  Node& node_;
  Random random_;
  ReplicaConfig config_;
  std::string folder_;
  bool checks_health_ = false;
  std::string state_dir_;
  std::string fault_;  // why there is no store
  std::optional<ReplicaStore> store_;
  bool opened_ = false;          // and what it has has not been looked at
  std::set<std::string> heard_;  // dnsd that have said since the start what they want
  bool cleaned_ = false;         // what nobody wants of what was half made before the start
  SiteContents contents_;        // of the folder
  TaskBoard board_;
  Deciders deciders_;
  std::set<std::string> leaving_;        // sites that a task is to drop: told as not ready
  std::map<TaskKey, Attempt> attempts_;  // those under way
  std::map<TaskKey, bool> remake_;  // instantiations of replicas that were here, looked over and
                                    // at fault; true: whole, but behind
  std::map<std::string, MonotonicTime> orphans_;     // sites whose lock is another's, since when
  std::map<std::string, TaskKey> evicted_;           // sites that are being dropped to make room
  std::map<TaskKey, MonotonicTime> wait_for_leave_;  // to drop others, since when
  std::uint64_t evictions_ = 0;
  std::map<std::string, MonotonicTime> materialised_;  // sites, when they were first asked for
  Timer wake_;
};

}  // namespace dnsd::reporter

// Reloads configuration and zones while the server answers: whole, or not at all.
//
//   SIGHUP ──> Reload ──> file and flags ──> zones, into a copy of the address table
//                           │ a fault: what is served stays, status() says why
//                           v all well
//              control thread: address table replaced, nodes bound anew
//              Published<Served>: workers take it up with their next batch
//
// Where keys differ that a running process cannot change (RestartKeys), a new one takes over
// instead, with all that the file says: successor.h.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dnsd/answer/served.h"
#include "dnsd/base/address_table.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/snapshot.h"
#include "dnsd/base/status.h"
#include "dnsd/server/config.h"
#include "dnsd/server/load_served.h"
#include "dnsd/server/options.h"

namespace dnsd::server {

// How the last reloads went, for the status page and metrics.
struct ReloadStatus {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  WallTime last;                       // when the last one ended; start-up counts as one
  std::string error;                   // of the last one; empty: it was done
  std::vector<std::string> followers;  // keys for which a new process takes over just now
  std::vector<std::string> changes;    // of the last one that was done, a line each
};

// Reload is for main's thread alone, status() for any.
class Reloader {
 public:
  struct Parts {
    Options options;
    Config config;           // as started
    AddressTable addresses;  // a copy of the one the control loop has
    Published<answer::Served>* served = nullptr;
    // Hands the control loop a grown address table, from which the nodes are bound anew, and what
    // the sites' policies ask of the nodes.
    std::function<void(AddressTable, std::vector<policy::Gauge>)> take_addresses;
    // Gives the control loop what is wanted of measured round-trip times.
    std::function<void(MeasuredConfig)> take_measured;
    // Gives the control loop what is wanted of placement.
    std::function<void(const placement::Settings&)> take_placement;
    // Gives the control service the reporters' grants.
    std::function<void(std::vector<ReporterGrant>)> take_grants;
    // Lets a new process take over, which reads the file again. An error: nobody has, and all is as
    // it was.
    std::function<absl::Status()> hand_over;
  };

  Reloader(Parts parts, WallTime now);

  // The error that kept the old state in place, if there was one. After a hand-over, which the
  // caller of hand_over knows of, this process is to stop.
  absl::Status Reload(WallTime now);
  // Reads the files of the zones anew that Await was asked for, by the configuration as it is; the
  // others stay as they are. Nothing if none was.
  std::optional<absl::Status> ReloadZones(WallTime now);

  ReloadStatus status() const;

  // Any thread but main's: calls `ask`, which has main reload, and waits for a Reload (for a zone's
  // apex: a ReloadZones) that began after that. Its error, or the keys for which a new process
  // takes over (should that fail in the end, the log says so); NotFound: there is no such zone;
  // Unavailable after Abandon; Cancelled soon after `is_cancelled` says so.
  absl::StatusOr<std::vector<std::string>> Await(const std::string& zone,
                                                 const std::function<void()>& ask,
                                                 const std::function<bool()>& is_cancelled);
  // No Reload will come any more; Resume: it will after all.
  void Abandon();
  void Resume();

 private:
  // Reloads of one kind, for those who wait for one.
  struct Rounds {
    std::uint64_t begun = 0, ended = 0;
    std::string error;  // of the last that ended
  };
  absl::Status End(Rounds& rounds, const absl::Status& result, WallTime now);
  absl::Status TryReload();
  absl::Status HandOver(std::vector<std::string> keys);
  absl::Status TryReloadZones(const std::set<std::string>& apexes);
  absl::StatusOr<LoadedServed> LoadBy(const Config& config, const HeldZones& held,
                                      AddressTable& addresses) const;
  void Publish(LoadedServed loaded, AddressTable addresses);
  std::vector<std::string> ChangesTo(const Config& config, const answer::Served& served) const;

  Parts parts_;
  Config current_;            // what is served by; main's
  mutable std::mutex mutex_;  // guards what follows
  ReloadStatus status_;
  Rounds whole_, of_zones_;
  std::set<std::string> zones_;  // apexes that are to be read anew
  bool abandoned_ = false;
  std::condition_variable ended_;
};

// The keys whose values differ but which only a new process brings into effect.
std::vector<std::string> RestartKeys(const Config& started, const Config& wanted);

}  // namespace dnsd::server

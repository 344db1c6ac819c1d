// The operator's commands for replicas: what they are told.
#pragma once

#include <string>
#include <vector>

#include "proto/heartbeat.pb.h"
#include "reporter/child_process.h"
#include "reporter/replica_store.h"

namespace dnsd::reporter {

// The sources as the hook gets them: a name that is not made of letters, digits, `.`, `-` and `_`
// alone is "-", as are the addresses that are none left out.
std::vector<ReplicaSource> SourcesOf(const heartbeat::v1::Task& task);

const char* ActionOf(heartbeat::v1::Task::Kind kind);  // "instantiate", "withdraw", "verify"

// The file of this program; after an upgrade, of the one in its place.
std::string OwnProgram();

// All that a hook is told.
struct HookCall {
  std::string command;
  std::string action;
  std::string site;  // SiteName() of it
  std::string sites_dir;
  std::string reporter;  // OwnProgram()
  std::vector<ReplicaSource> sources;
  std::uint64_t version = 0;
  std::uint64_t bytes = 0;
};

// The call as sh takes it: ACTION SITE NODE... as arguments, and in the environment DNSD_ACTION,
// DNSD_SITE, DNSD_SITES_DIR, DNSD_SOURCES (names), DNSD_SOURCE_ADDRESSES, DNSD_VERSION, DNSD_BYTES
// and DNSD_REPORTER. A command that uses no `$` has the arguments added to its end; another takes
// them itself, as "$2" or $DNSD_SITE.
Command CommandOf(const HookCall& call);

}  // namespace dnsd::reporter

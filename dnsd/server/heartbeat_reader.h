// Heartbeats from protobuf into the fleet's types, checked: nothing that a reporter sends gets
// further unless it is possible.
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/place.h"
#include "dnsd/server/heartbeat_faults.h"
#include "proto/heartbeat.pb.h"

namespace dnsd::server {

// Collects what was wrong with one message but could be put right: each fault is counted, the
// first few are kept as text for the log and for the reporter.
class Findings {
 public:
  static constexpr std::size_t kMostTexts = 8;

  explicit Findings(HeartbeatFaults& faults) : faults_(faults) {}
  void Add(HeartbeatFault fault, const std::string& text) {
    faults_.Add(fault);
    if (texts_.size() < kMostTexts) texts_.push_back(text);
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  HeartbeatFaults& faults_;
  std::vector<std::string> texts_;
};

// The loads that are possible. NaN, infinite and negative ones are dropped, since a load that is
// not known is safer than one that looks idle. Of those above anything real, shares and sizes are
// clamped; rates and counts, which the fleet's averages are made of, are dropped.
fleet::Load ReadLoad(const heartbeat::v1::Load& in, Findings& findings);

// OK for at most kMostSites sites, named and removed, in one message.
inline constexpr int kMostSites = 1'000'000;
absl::Status CheckHostingSize(const heartbeat::v1::Hosting& hosting);

// The demand with its rates held to what is possible, of kMostDemands sites at most. Sites whose
// name is no domain name, and those with a rate that is no number, are left out.
inline constexpr int kMostDemands = 1024;
fleet::DemandReport ReadDemand(const heartbeat::v1::Demand& in, Findings& findings);

// Where the node is; a region that is no word of at most Place::kMostRegion octets is left out, and
// so are coordinates that are not on the globe.
fleet::Place ReadPlace(const heartbeat::v1::Hello& in, Findings& findings);

// The round-trip times of kMostRtts prefixes at most. Those that are not possible, or whose prefix
// is no /24 of IPv4 or /48 of IPv6, are left out: one finding tells of all.
inline constexpr int kMostRtts = 256;
std::vector<fleet::RttSample> ReadRtts(const heartbeat::v1::Heartbeat& in, Findings& findings);

// How far the node is with its tasks, kMostTasks at most; those in no phase that we know are left
// out.
inline constexpr int kMostTasks = 1024;
std::vector<fleet::TaskReport> ReadTaskReports(const heartbeat::v1::Heartbeat& in,
                                               Findings& findings);

// Sizes held to what sums can be made of.
fleet::Storage ReadStorage(const heartbeat::v1::Storage& in);

// A heartbeat; sites whose name is no domain name are left out.
fleet::Heartbeat ReadHeartbeat(const heartbeat::v1::Heartbeat& in, Findings& findings);

// OK for 1 to 255 octets without white space or control characters (of ASCII).
absl::Status CheckNodeName(const std::string& name);

// The addresses of a Hello, each once: kMostAddresses of 4 or 16 octets at most.
inline constexpr int kMostAddresses = 256;
absl::StatusOr<std::vector<IpAddress>> ReadAddresses(const heartbeat::v1::Hello& hello);

// Text of a peer's on one line: control characters replaced, cut to `most` octets between UTF-8
// characters.
std::string OneLine(const std::string& text, std::size_t most = 255);
// Likewise for a place within a message: cut at 80 octets, with dots.
std::string Excerpt(const std::string& text);

}  // namespace dnsd::server

#include "dnsd/server/heartbeat_reader.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "dnsd/base/printable.h"

namespace dnsd::server {
namespace {

namespace v1 = heartbeat::v1;

constexpr std::size_t kMostNamedMetrics = 100;
constexpr std::size_t kMostNameSize = 255;
constexpr std::uint32_t kMostAgeMs = 3'600'000;
// Rounding may carry a share past 1: that is clamped without a word.
constexpr double kRounding = 1.01;

// One field of the load report: where it is read, where it goes, and the most that is real.
struct LoadField {
  const char* name;
  bool (v1::Load::*has)() const;
  double (v1::Load::*get)() const;
  std::optional<double> fleet::Load::*out;
  double most;
  bool keeps_excess;  // as `most`, else it is dropped
};

constexpr double kShare = 1;
constexpr double kPerSecond = 1e7;
constexpr double kBytes = 1e15;

#define DNSD_FIELD(field, most, keeps_excess) \
  { #field, &v1::Load::has_##field, &v1::Load::field, &fleet::Load::field, most, keeps_excess }
constexpr LoadField kFields[] = {
    DNSD_FIELD(cpu_utilization, kShare, true),
    DNSD_FIELD(mem_utilization, kShare, true),
    DNSD_FIELD(application_utilization, 100, true),
    DNSD_FIELD(rps, kPerSecond, false),
    DNSD_FIELD(eps, kPerSecond, true),
    DNSD_FIELD(sps, kPerSecond, false),
    DNSD_FIELD(cpus, 4096, false),
    DNSD_FIELD(run_queue, 1e6, false),
    DNSD_FIELD(blocked_processes, 1e6, true),
    DNSD_FIELD(swap_out_rate, 1e9, true),
    DNSD_FIELD(disk_utilization, kShare, true),
    DNSD_FIELD(network_utilization, kShare, true),
    DNSD_FIELD(connections, 1e7, false),
    DNSD_FIELD(memory_available_bytes, kBytes, true),
    DNSD_FIELD(memory_total_bytes, kBytes, true),
    DNSD_FIELD(disk_bytes_per_second, kBytes, true),
    DNSD_FIELD(network_bytes_per_second, kBytes, true),
    DNSD_FIELD(cpu_pressure, kShare, true),
    DNSD_FIELD(memory_pressure, kShare, true),
    DNSD_FIELD(io_pressure, kShare, true),
    DNSD_FIELD(process_time_seconds, 3600, true),
    DNSD_FIELD(busy_workers, 1e7, false),
    DNSD_FIELD(workers, 1e7, false),
    DNSD_FIELD(memory_per_connection_bytes, kBytes, false),
};
#undef DNSD_FIELD

// `value` if it is possible; nothing, or `most`, if it is not.
std::optional<double> Possible(const std::string& name, double value, double most,
                               bool keeps_excess, Findings& findings) {
  const auto add = [&](HeartbeatFault fault, const std::string& wanted) {
    findings.Add(fault, name + ": found " + std::to_string(value) + ", wanted " + wanted);
  };
  if (!std::isfinite(value)) {
    add(HeartbeatFault::kNotFinite, "a number; left out");
    return std::nullopt;
  }
  if (value < 0) {
    add(HeartbeatFault::kNegative, "0 or more; left out");
    return std::nullopt;
  }
  if (value > most * kRounding) {
    add(HeartbeatFault::kExcessive,
        "at most " + std::to_string(most) + (keeps_excess ? "; taken as that" : "; left out"));
    if (!keeps_excess) return std::nullopt;
  }
  return std::min(value, most);
}

std::optional<wire::Name> ReadSiteName(const std::string& text, Findings& findings) {
  auto name = wire::Name::Parse(text);
  if (!name) {
    findings.Add(HeartbeatFault::kSiteName,
                 "site '" + Excerpt(text) + "' is no domain name; left out");
  }
  return name;
}

fleet::HostingKind KindOf(const v1::Hosting& in) {
  switch (in.kind()) {
    case v1::Hosting::ALL:
      return fleet::HostingKind::kAll;
    case v1::Hosting::FULL:
      return fleet::HostingKind::kFull;
    default:
      return fleet::HostingKind::kDifference;
  }
}

fleet::HostingReport ReadHosting(const v1::Hosting& in, Findings& findings) {
  fleet::HostingReport out;
  out.kind = KindOf(in);
  out.sites.reserve(static_cast<std::size_t>(in.sites_size()));
  for (const v1::HostedSite& site : in.sites()) {
    const auto name = ReadSiteName(site.name(), findings);
    if (!name) continue;
    out.sites.push_back(
        {*name, site.content_version(), site.bytes(), site.ready(), site.healthy(), site.home()});
  }
  for (const std::string& site : in.removed()) {
    if (const auto name = ReadSiteName(site, findings)) out.removed.push_back(*name);
  }
  return out;
}

// Sums of so many of them cannot wrap.
constexpr std::uint64_t kMostOctets = std::uint64_t{1} << 56;
constexpr std::uint32_t kMostRttUs = 60'000'000;
constexpr std::uint32_t kMostRttCount = 10'000'000;

std::optional<fleet::RttSample> ReadRtt(const v1::RttSample& in) {
  using fleet::RttSample;
  const auto prefix = IpAddress::FromOctets(
      {reinterpret_cast<const std::uint8_t*>(in.prefix().data()), in.prefix().size()});
  if (!prefix) return std::nullopt;
  const unsigned bits = prefix->family() == IpFamily::kV4 ? RttSample::kBits4 : RttSample::kBits6;
  const bool possible = in.length() == bits && prefix->Masked(bits) == *prefix && in.count() > 0 &&
                        in.count() <= kMostRttCount && in.minimum_us() > 0 &&
                        in.minimum_us() <= in.median_us() && in.median_us() < kMostRttUs;
  if (!possible) return std::nullopt;
  return RttSample{.prefix = *prefix,
                   .count = in.count(),
                   .median_milliseconds = static_cast<float>(in.median_us()) / 1000,
                   .minimum_milliseconds = static_cast<float>(in.minimum_us()) / 1000};
}

}  // namespace

fleet::Load ReadLoad(const v1::Load& in, Findings& findings) {
  fleet::Load out;
  for (const LoadField& field : kFields) {
    if (!(in.*field.has)()) continue;
    out.*field.out =
        Possible(field.name, (in.*field.get)(), field.most, field.keeps_excess, findings);
  }
  // A node without CPUs could do nothing: whoever divides by it would be misled.
  if (out.cpus && *out.cpus < 0.01) {
    findings.Add(HeartbeatFault::kNegative,
                 "cpus: found " + std::to_string(*out.cpus) + ", wanted more than 0; left out");
    out.cpus.reset();
  }
  for (const auto& [name, value] : in.named_metrics()) {
    if (name.empty() || name.size() > kMostNameSize) continue;
    if (out.named_metrics.size() == kMostNamedMetrics) break;
    const auto possible = Possible(Excerpt(name), value, 1e18, true, findings);
    if (possible) out.named_metrics.emplace(name, *possible);
  }
  return out;
}

absl::Status CheckHostingSize(const v1::Hosting& hosting) {
  const int count = hosting.sites_size() + hosting.removed_size();
  if (count <= kMostSites) return absl::OkStatus();
  return absl::InvalidArgumentError("a message names " + std::to_string(count) + " sites, wanted " +
                                    std::to_string(kMostSites) + " at most");
}

fleet::DemandReport ReadDemand(const v1::Demand& in, Findings& findings) {
  fleet::DemandReport out;
  out.full = in.full();
  if (in.sites_size() > kMostDemands) {
    findings.Add(HeartbeatFault::kTooMany,
                 "demand: found " + std::to_string(in.sites_size()) + " sites, wanted at most " +
                     std::to_string(kMostDemands) + "; the rest is left out");
  }
  const int count = std::min(in.sites_size(), kMostDemands);
  for (int i = 0; i < count; ++i) {
    const v1::SiteDemand& site = in.sites(i);
    const auto name = ReadSiteName(site.name(), findings);
    const auto rps = Possible("demand.rps", site.rps(), kPerSecond, true, findings);
    const auto eps = Possible("demand.eps", site.eps(), kPerSecond, true, findings);
    const auto bytes =
        Possible("demand.bytes_per_second", site.bytes_per_second(), kBytes, true, findings);
    if (!name || !rps || !eps || !bytes) continue;
    out.sites.push_back({*name, *rps, std::min(*eps, *rps), *bytes});
  }
  return out;
}

fleet::Place ReadPlace(const v1::Hello& in, Findings& findings) {
  fleet::Place out;
  out.asn = in.asn();
  const bool is_word = std::none_of(in.region().begin(), in.region().end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7F';
  });
  if (is_word && in.region().size() <= fleet::Place::kMostRegion) {
    out.region = in.region();
  } else {
    findings.Add(HeartbeatFault::kPlace,
                 "region: found '" + Excerpt(in.region()) +
                     "', wanted 63 octets at most without white space; left out");
  }
  if (!in.has_latitude() && !in.has_longitude()) return out;
  // Written so that NaN is refused too.
  const bool on_globe = in.has_latitude() && in.has_longitude() && std::abs(in.latitude()) <= 90 &&
                        std::abs(in.longitude()) <= 180;
  if (on_globe) {
    out.coordinates = {in.latitude(), in.longitude()};
  } else {
    findings.Add(HeartbeatFault::kPlace, "latitude and longitude: found " +
                                             std::to_string(in.latitude()) + " and " +
                                             std::to_string(in.longitude()) +
                                             ", wanted -90 to 90 and -180 to 180; left out");
  }
  return out;
}

std::vector<fleet::RttSample> ReadRtts(const v1::Heartbeat& in, Findings& findings) {
  std::vector<fleet::RttSample> out;
  if (in.rtts_size() > kMostRtts) {
    findings.Add(HeartbeatFault::kTooMany,
                 "rtts: found " + std::to_string(in.rtts_size()) + " prefixes, wanted at most " +
                     std::to_string(kMostRtts) + "; the rest is left out");
  }
  const int count = std::min(in.rtts_size(), kMostRtts);
  out.reserve(static_cast<std::size_t>(count));
  int refused = 0;
  for (int i = 0; i < count; ++i) {
    if (const auto sample = ReadRtt(in.rtts(i))) {
      out.push_back(*sample);
    } else {
      ++refused;
    }
  }
  // Without the prefix: whose clients they are goes into no log.
  if (refused > 0) {
    findings.Add(HeartbeatFault::kRtt,
                 "rtts: " + std::to_string(refused) + " of " + std::to_string(count) +
                     " impossible, wanted /24 of IPv4 or /48 of IPv6, a count, and 0 < minimum <= "
                     "median < 60 s; left out");
  }
  return out;
}

std::vector<fleet::TaskReport> ReadTaskReports(const v1::Heartbeat& in, Findings& findings) {
  using Phase = fleet::TaskReport::Phase;
  std::vector<fleet::TaskReport> out;
  if (in.tasks_size() > kMostTasks) {
    findings.Add(HeartbeatFault::kTooMany, "tasks: found " + std::to_string(in.tasks_size()) +
                                               ", wanted at most " + std::to_string(kMostTasks) +
                                               "; the rest is left out");
  }
  const int count = std::min(in.tasks_size(), kMostTasks);
  for (int i = 0; i < count; ++i) {
    const v1::TaskReport& task = in.tasks(i);
    if (task.phase() < v1::TaskReport::WAITING || task.phase() > v1::TaskReport::FAILED) {
      findings.Add(HeartbeatFault::kTask, "task " + std::to_string(task.id()) + ": phase " +
                                              std::to_string(static_cast<int>(task.phase())) +
                                              ", wanted 1 to 4; left out");
      continue;
    }
    const auto phase = static_cast<Phase>(task.phase() - v1::TaskReport::WAITING);
    out.push_back({task.id(), phase, task.attempts(), OneLine(task.detail())});
  }
  return out;
}

fleet::Storage ReadStorage(const v1::Storage& in) {
  const auto octets = [](std::uint64_t n) { return std::min(n, kMostOctets); };
  return {.takes_replicas = in.takes_replicas(),
          .quota_bytes = octets(in.quota_bytes()),
          .used_bytes = octets(in.used_bytes()),
          .free_bytes = octets(in.free_bytes()),
          .evictions = in.evictions(),
          .evicts = in.evicts()};
}

fleet::Heartbeat ReadHeartbeat(const v1::Heartbeat& in, Findings& findings) {
  fleet::Heartbeat out;
  out.sequence = in.sequence();
  out.age = std::chrono::milliseconds(std::min(in.age_ms(), kMostAgeMs));
  out.load = ReadLoad(in.load(), findings);
  // A reporter that does not check its node's health has nothing against it.
  out.healthy = !in.has_node_health() || in.node_health().healthy();
  out.health_detail = OneLine(in.node_health().detail());
  if (in.has_hosting()) out.hosting = ReadHosting(in.hosting(), findings);
  if (in.has_demand()) out.demand = ReadDemand(in.demand(), findings);
  out.rtts = ReadRtts(in, findings);
  out.tasks = ReadTaskReports(in, findings);
  if (in.has_storage()) out.storage = ReadStorage(in.storage());
  out.names_decider = in.names_decider();
  return out;
}

absl::Status CheckNodeName(const std::string& name) {
  const std::string wanted = "wanted 1 to 255 octets without white space or control characters";
  if (name.empty()) return absl::InvalidArgumentError("the node name is empty; " + wanted);
  if (name.size() > kMostNameSize) {
    return absl::InvalidArgumentError("the node name has " + std::to_string(name.size()) +
                                      " octets; " + wanted);
  }
  const bool bad = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7F';
  });
  if (!bad) return absl::OkStatus();
  return absl::InvalidArgumentError("node name '" + Excerpt(name) + "'; " + wanted);
}

absl::StatusOr<std::vector<IpAddress>> ReadAddresses(const v1::Hello& hello) {
  if (hello.addresses_size() > kMostAddresses) {
    return absl::InvalidArgumentError("a Hello has " + std::to_string(hello.addresses_size()) +
                                      " service addresses, wanted " +
                                      std::to_string(kMostAddresses) + " at most");
  }
  std::vector<IpAddress> addresses;
  for (const std::string& octets : hello.addresses()) {
    const auto address = IpAddress::FromOctets(
        {reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
    if (!address) {
      return absl::InvalidArgumentError("a service address has " + std::to_string(octets.size()) +
                                        " octets, wanted 4 (IPv4) or 16 (IPv6)");
    }
    if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

std::string OneLine(const std::string& text, std::size_t most) {
  std::size_t size = std::min(text.size(), most);
  const auto is_inside = [&text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (size > 0 && size < text.size() && is_inside(size)) --size;
  return Printable(text.substr(0, size));
}

std::string Excerpt(const std::string& text) {
  static constexpr std::size_t kMostShown = 80;
  return text.size() > kMostShown ? OneLine(text, kMostShown) + "..." : OneLine(text);
}

}  // namespace dnsd::server

#include "dnsd/server/config_check.h"

#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/base/duration.h"
#include "dnsd/policy/gauge.h"

namespace dnsd::server {
namespace {

// The contradictions found so far. `origin` is where the fault lies: "path:line", "path" or
// "flags".
class Findings {
 public:
  explicit Findings(const Config& config)
      : origins_(config.origins), whole_(config.path.empty() ? "dnsd" : config.path) {}

  void Add(const std::string& what) { Add(whole_, what); }
  void Add(const std::string& origin, const std::string& what) {
    all_ += (all_.empty() ? "" : "\n") + origin + ": " + what;
  }
  // On the value of the first of `keys` that was given.
  void AddOn(std::initializer_list<std::string> keys, const std::string& what) {
    for (const std::string& key : keys) {
      if (const auto at = origins_.find(key); at != origins_.end()) return Add(at->second, what);
    }
    Add(what);
  }
  absl::Status status() const {
    return all_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(all_);
  }

 private:
  const std::map<std::string, std::string>& origins_;
  std::string whole_;
  std::string all_;
};

// Calls same(earlier, later) for each element whose key, a text, an earlier element has.
template <typename Element, typename Key, typename Same>
void ForEachRepeated(const std::vector<Element>& all, Key key, Same same) {
  std::unordered_map<std::string, const Element*> seen;
  for (const Element& later : all) {
    const auto [earlier, is_new] = seen.emplace(key(later), &later);
    if (!is_new) same(*earlier->second, later);
  }
}

// The kernel gives no port to both an address and its family's wildcard.
void CheckWildcards(const Config& config, Findings& findings) {
  for (const Endpoint& any : config.listen) {
    if (!any.address.is_unspecified() || any.port == 0) continue;
    for (const Endpoint& one : config.listen) {
      if (one.port != any.port || one.address.family() != any.address.family()) continue;
      if (one.address.is_unspecified()) continue;
      findings.AddOn({"listen"}, "listen address " + any.ToString() + " takes in " +
                                     one.ToString() + "; remove one");
    }
  }
}

void CheckListen(const Config& config, Findings& findings) {
  if (config.listen.empty()) {
    findings.Add("no address to listen on; add `listen: [\"127.0.0.1:53\"]` or --listen ADDR:PORT");
  }
  ForEachRepeated(
      config.listen, [](const Endpoint& e) { return e.ToString(); },
      [&](const Endpoint&, const Endpoint& again) {
        if (again.port != 0)
          findings.AddOn({"listen"}, "listen address " + again.ToString() + " is given twice");
      });
  CheckWildcards(config, findings);
}

void CheckZones(const Config& config, Findings& findings) {
  if (config.zones.empty()) {
    findings.Add("no zone to serve; add `zones: [{apex: NAME, file: PATH}]` or --zone APEX=FILE");
  }
  ForEachRepeated(
      config.zones, [](const ZoneConfig& zone) { return PatternText(zone.apex); },
      [&](const ZoneConfig& first, const ZoneConfig& again) {
        findings.Add(again.origin, "zone '" + again.apex.ToString() +
                                       "' is given twice; first at " + first.origin +
                                       "; remove one");
      });
}

// Every policy with parameters of its own costs the control loop time, for every node.
void CheckGauges(const Config& config, Findings& findings) {
  std::vector<policy::Gauge> gauges{policy::Gauge{}};
  for (const SiteRule& rule : config.sites) {
    for (const auto& gauge : {policy::GaugeOf(rule.options), policy::WeightGaugeOf(rule.options)}) {
      if (!gauge || std::ranges::find(gauges, *gauge) != gauges.end()) continue;
      gauges.push_back(*gauge);
    }
    // The defaults may need two more.
    if (gauges.size() <= policy::kMostGauges - 2) continue;
    return findings.Add(rule.origin, "more than " + std::to_string(policy::kMostGauges - 2) +
                                         " policies that differ in their parameters; let sites "
                                         "share some");
  }
}

void CheckRules(const Config& config, Findings& findings) {
  if (config.sites.size() > zone::SiteRules::kMost) {
    findings.Add(config.sites[zone::SiteRules::kMost].origin,
                 "found " + std::to_string(config.sites.size()) +
                     " names and patterns in 'sites'," + " wanted at most " +
                     std::to_string(zone::SiteRules::kMost) + "; join some into a pattern");
  }
  CheckGauges(config, findings);
  ForEachRepeated(
      config.sites, [](const SiteRule& rule) { return rule.pattern; },
      [&](const SiteRule& first, const SiteRule& again) {
        findings.Add(again.origin, "site '" + again.pattern + "' is given twice; first at " +
                                       first.origin + ", which would always win; remove one");
      });
  CheckLocality(config.locality, [&](const std::string& origin, const std::string& what) {
    findings.Add(origin, what);
  });
}

// `above`: where the files stand, with a dot.
void CheckReadable(const TlsFiles& files, const std::string& above, Findings& findings) {
  const std::pair<const char*, const std::string&> all[] = {
      {"certificate", files.certificate}, {"key", files.key}, {"client_ca", files.client_ca}};
  for (const auto& [name, path] : all) {
    if (path.empty() || access(path.c_str(), R_OK) == 0) continue;
    const std::string key = above + name;
    findings.AddOn({key}, key + ": cannot read '" + path + "'");
  }
}

void CheckExposure(const HeartbeatConfig& heartbeat, Findings& findings) {
  if (heartbeat.listen->address.is_loopback() || heartbeat.insecure) return;
  const std::string where = "heartbeats on " + heartbeat.listen->ToString();
  if (heartbeat.tls.certificate.empty()) {
    findings.AddOn(
        {"heartbeat.listen"},
        where +
            " would be plain text beyond loopback; set heartbeat.tls, listen on a loopback "
            "address, or say heartbeat.insecure: true (--insecure)");
  } else if (heartbeat.tls.client_ca.empty() && heartbeat.grants.empty()) {
    findings.AddOn({"heartbeat.listen"},
                   where +
                       " would be taken from anybody; set heartbeat.tls.client_ca or "
                       "heartbeat.reporters, or say heartbeat.insecure: true (--insecure)");
  }
}

void CheckGrants(const HeartbeatConfig& heartbeat, Findings& findings) {
  for (const ReporterGrant& grant : heartbeat.grants) {
    if (!grant.certificate_name.empty() && heartbeat.tls.client_ca.empty()) {
      findings.Add(grant.origin, "certificate '" + grant.certificate_name +
                                     "' can be proved under heartbeat.tls.client_ca alone; set it, "
                                     "or use token_file");
    }
  }
  ForEachRepeated(
      heartbeat.grants,
      [](const ReporterGrant& grant) { return grant.token + '\n' + grant.certificate_name; },
      [&](const ReporterGrant& first, const ReporterGrant& again) {
        findings.Add(again.origin, "the same token or certificate as at " + first.origin +
                                       "; join the two reporters, or give each its own");
      });
}

void CheckHeartbeat(const HeartbeatConfig& heartbeat, Findings& findings) {
  if (heartbeat.suspect_after >= heartbeat.dead_after) {
    findings.AddOn({"heartbeat.suspect_after", "heartbeat.dead_after"},
                   "heartbeat.suspect_after must be below heartbeat.dead_after: a node is suspect "
                   "before it is dead");
  }
  CheckReadable(heartbeat.tls, "heartbeat.tls.", findings);
  CheckGrants(heartbeat, findings);
  if (heartbeat.listen) {
    CheckExposure(heartbeat, findings);
  } else if (!heartbeat.grants.empty() || !heartbeat.tls.certificate.empty()) {
    findings.AddOn({"heartbeat.reporters", "heartbeat.tls.certificate"},
                   "heartbeat.reporters and heartbeat.tls do nothing without heartbeat.listen; add "
                   "it, or remove them");
  }
}

// Who commands dnsd can take every site off line.
void CheckRemoteControl(const RemoteControlConfig& remote, Findings& findings) {
  CheckReadable(remote.tls, "control.tls.", findings);
  if (!remote.listen) {
    if (remote == RemoteControlConfig{}) return;
    return findings.AddOn(
        {"control.tls.certificate", "control.token_file", "control.names", "control.readers"},
        "control.tls, token_file, names and readers do nothing without "
        "control.listen; add it, or remove them");
  }
  if (!(remote.names.empty() && remote.readers.empty()) && remote.tls.client_ca.empty()) {
    findings.AddOn({"control.names", "control.readers"},
                   "names can be proved under control.tls.client_ca alone; set it, or remove "
                   "control.names and control.readers");
  }
  const std::string where = "control on " + remote.listen->ToString();
  if (remote.tls.client_ca.empty() && remote.token.empty()) {
    findings.AddOn({"control.listen"}, where +
                                           " would be anybody's; set control.tls.client_ca, whose "
                                           "certificates may command, or control.token_file");
  }
  if (remote.tls.certificate.empty() && !remote.listen->address.is_loopback()) {
    findings.AddOn({"control.listen"}, where +
                                           " would be plain text beyond loopback; set control.tls, "
                                           "or listen on a loopback address");
  }
}

void CheckControl(const Config& config, Findings& findings) {
  CheckRemoteControl(config.control_remote, findings);
  constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  if (config.control_socket.size() <= kMost) return;
  findings.AddOn({"control.socket"}, "control.socket: found a path of " +
                                         std::to_string(config.control_socket.size()) +
                                         " octets, wanted at most " + std::to_string(kMost));
}

void CheckPlacement(const Config& config, Findings& findings) {
  if (config.placement.mode == placement::Mode::kOff) return;
  if (!config.heartbeat.listen) {
    findings.AddOn({"placement"}, "placement: nodes must report for it; set heartbeat.listen");
  }
  if (config.state_dir.empty()) {
    findings.AddOn({"placement"},
                   "placement: what is under way must outlive a restart; set state_dir");
  }
  std::uint32_t ttl = config.site_defaults.ttl.value_or(0);
  for (const SiteRule& rule : config.sites) ttl = std::max(ttl, rule.options.ttl.value_or(0));
  if (config.placement.grace < std::chrono::seconds(ttl)) {
    findings.AddOn({"placement"}, "placement.grace: found " + DurationText(config.placement.grace) +
                                      ", wanted at least " + std::to_string(ttl) +
                                      "s, as the longest ttl of a site is: caches would name "
                                      "nodes that have withdrawn it");
  }
}

}  // namespace

absl::Status CheckConfig(const Config& config) {
  Findings findings(config);
  CheckListen(config, findings);
  CheckZones(config, findings);
  CheckRules(config, findings);
  CheckHeartbeat(config.heartbeat, findings);
  CheckControl(config, findings);
  CheckPlacement(config, findings);
  return findings.status();
}

}  // namespace dnsd::server

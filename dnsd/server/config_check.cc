#include "dnsd/server/config_check.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dnsd::server {
namespace {

// The contradictions found so far. `origin` is where the fault lies: "path:line", "path" or
// "flags".
class Findings {
 public:
  explicit Findings(const Config& config) : whole_(config.path.empty() ? "dnsd" : config.path) {}

  void Add(const std::string& what) { Add(whole_, what); }
  void Add(const std::string& origin, const std::string& what) {
    all_ += (all_.empty() ? "" : "\n") + origin + ": " + what;
  }
  absl::Status status() const {
    return all_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(all_);
  }

 private:
  std::string whole_;
  std::string all_;
};

// Calls same(earlier, later) for each element whose key an earlier element has.
template <typename Element, typename Key, typename Same>
void ForEachRepeated(const std::vector<Element>& all, Key key, Same same) {
  for (auto later = all.begin(); later != all.end(); ++later) {
    const auto earlier =
        std::find_if(all.begin(), later, [&](const auto& e) { return key(e) == key(*later); });
    if (earlier != later) same(*earlier, *later);
  }
}

void CheckListen(const Config& config, Findings& findings) {
  if (config.listen.empty()) {
    findings.Add("no address to listen on; add `listen: [\"127.0.0.1:53\"]` or --listen ADDR:PORT");
  }
  ForEachRepeated(
      config.listen, [](const Endpoint& e) { return e; },
      [&](const Endpoint&, const Endpoint& again) {
        if (again.port != 0) findings.Add("listen address " + again.ToString() + " is given twice");
      });
}

void CheckZones(const Config& config, Findings& findings) {
  if (config.zones.empty()) {
    findings.Add("no zone to serve; add `zones: [{apex: NAME, file: PATH}]` or --zone APEX=FILE");
  }
  ForEachRepeated(
      config.zones, [](const ZoneConfig& zone) { return zone.apex; },
      [&](const ZoneConfig& first, const ZoneConfig& again) {
        findings.Add(again.origin, "zone '" + again.apex.ToString() +
                                       "' is given twice; first at " + first.origin +
                                       "; remove one");
      });
}

void CheckRules(const Config& config, Findings& findings) {
  ForEachRepeated(
      config.sites, [](const SiteRule& rule) { return rule.pattern; },
      [&](const SiteRule& first, const SiteRule& again) {
        findings.Add(again.origin, "site '" + again.pattern + "' is given twice; first at " +
                                       first.origin + ", which would always win; remove one");
      });
  ForEachRepeated(
      config.subnets, [](const SubnetRule& rule) { return rule.clients; },
      [&](const SubnetRule& first, const SubnetRule& again) {
        findings.Add(again.origin, "clients " + again.clients.ToString() +
                                       " are given twice; first at " + first.origin +
                                       "; join the two lists");
      });
}

void CheckReadable(const std::string& path, const char* key, Findings& findings) {
  if (!path.empty() && access(path.c_str(), R_OK) != 0) {
    findings.Add(std::string("heartbeat.tls.") + key + ": cannot read '" + path + "'");
  }
}

void CheckExposure(const HeartbeatConfig& heartbeat, Findings& findings) {
  if (heartbeat.listen->address.is_loopback() || heartbeat.insecure) return;
  const std::string where = "heartbeats on " + heartbeat.listen->ToString();
  if (heartbeat.tls_certificate.empty()) {
    findings.Add(where +
                 " would be plain text beyond loopback; set heartbeat.tls, listen on a loopback "
                 "address, or say heartbeat.insecure: true (--insecure)");
  } else if (heartbeat.tls_client_ca.empty() && heartbeat.grants.empty()) {
    findings.Add(where +
                 " would be taken from anybody; set heartbeat.tls.client_ca or "
                 "heartbeat.reporters, or say heartbeat.insecure: true (--insecure)");
  }
}

void CheckGrants(const HeartbeatConfig& heartbeat, Findings& findings) {
  for (const ReporterGrant& grant : heartbeat.grants) {
    if (!grant.certificate_name.empty() && heartbeat.tls_client_ca.empty()) {
      findings.Add(grant.origin, "certificate '" + grant.certificate_name +
                                     "' can be proved under heartbeat.tls.client_ca alone; set it, "
                                     "or use token_file");
    }
  }
  ForEachRepeated(
      heartbeat.grants,
      [](const ReporterGrant& grant) { return std::pair(grant.token, grant.certificate_name); },
      [&](const ReporterGrant& first, const ReporterGrant& again) {
        findings.Add(again.origin, "the same token or certificate as at " + first.origin +
                                       "; join the two reporters, or give each its own");
      });
}

void CheckHeartbeat(const HeartbeatConfig& heartbeat, Findings& findings) {
  if (heartbeat.suspect_after >= heartbeat.dead_after) {
    findings.Add(
        "heartbeat.suspect_after must be below heartbeat.dead_after: a node is suspect "
        "before it is dead");
  }
  CheckReadable(heartbeat.tls_certificate, "certificate", findings);
  CheckReadable(heartbeat.tls_key, "key", findings);
  CheckReadable(heartbeat.tls_client_ca, "client_ca", findings);
  CheckGrants(heartbeat, findings);
  if (heartbeat.listen) {
    CheckExposure(heartbeat, findings);
  } else if (!heartbeat.grants.empty() || !heartbeat.tls_certificate.empty()) {
    findings.Add(
        "heartbeat.reporters and heartbeat.tls do nothing without heartbeat.listen; add "
        "it, or remove them");
  }
}

}  // namespace

absl::Status CheckConfig(const Config& config) {
  Findings findings(config);
  CheckListen(config, findings);
  CheckZones(config, findings);
  CheckRules(config, findings);
  CheckHeartbeat(config.heartbeat, findings);
  return findings.status();
}

}  // namespace dnsd::server

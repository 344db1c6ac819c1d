// The configuration of dnsd: what its YAML file and its flags say, checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/answer/rate_limit.h"
#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/log_target.h"
#include "dnsd/base/status.h"
#include "dnsd/base/yaml_settings.h"
#include "dnsd/placement/settings.h"
#include "dnsd/server/edns_config.h"
#include "dnsd/server/history_config.h"
#include "dnsd/server/locality_config.h"
#include "dnsd/server/measured_config.h"
#include "dnsd/server/tap_config.h"
#include "dnsd/server/tcp_limits.h"
#include "dnsd/wire/name.h"
#include "dnsd/zone/member_lists.h"
#include "dnsd/zone/site_options.h"
#include "dnsd/zone/site_rules.h"

namespace dnsd::server {

struct ZoneConfig {
  wire::Name apex;
  std::string file;    // as opened: relative ones are below the configuration file's folder
  std::string origin;  // "path:line" or the flag, for messages
};

// The options of the sites whose owner name the pattern matches; the first rule that matches wins.
struct SiteRule {
  // An owner name, or with `*` and `?` as a shell has them (`*` takes dots too); in lower case,
  // without the final dot.
  std::string pattern;
  zone::SiteOptions options;
  std::string origin;
};

// An identity that may report, and what it may speak for. Patterns as in SiteRule.
struct ReporterGrant {
  std::string token;                // empty: the identity is the certificate's name
  std::string certificate_name;     // subject alternative name (DNS) or common name
  std::vector<std::string> nodes;   // node names it may use; never empty
  std::vector<IpPrefix> addresses;  // empty: any
  std::vector<std::string> sites;   // empty: any
  std::string origin;

  // Moved to another line, it is the same grant.
  friend bool operator==(const ReporterGrant& a, const ReporterGrant& b) {
    return a.token == b.token && a.certificate_name == b.certificate_name && a.nodes == b.nodes &&
           a.addresses == b.addresses && a.sites == b.sites;
  }
};

// What a port serves by TLS with.
struct TlsFiles {
  std::string certificate{}, key{};  // PEM files, dnsd's own; empty: plain text
  std::string client_ca{};           // PEM file, of those whose certificates count
  std::size_t contents = 0;          // a hash of what the files hold: renewed ones are others

  bool any() const { return !certificate.empty(); }
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

struct HeartbeatConfig {
  std::optional<Endpoint> listen;  // nothing: no reporters, plain DNS
  bool insecure = false;           // plain text beyond loopback
  TlsFiles tls;
  std::vector<ReporterGrant> grants;  // empty: any node name, address and site
  double suspect_after = 1.5;         // missed beats
  double dead_after = 3;              // missed beats
  Duration warm_up = std::chrono::seconds(30);
  Duration restart_grace = std::chrono::seconds(10);  // before a restored node is judged silent
};

// Where dnsdctl may command from elsewhere. What is set of certificate and token, callers must
// show.
struct RemoteControlConfig {
  std::optional<Endpoint> listen{};  // nothing: nowhere
  TlsFiles tls{};
  std::string token{};  // empty: none is wanted
  // Patterns of the names in certificates: who may order, who may look only. Both empty: whoever
  // has one may order.
  std::vector<std::string> names{}, readers{};

  friend bool operator==(const RemoteControlConfig&, const RemoteControlConfig&) = default;
};

struct Config {
  std::vector<Endpoint> listen;
  unsigned workers = 0;  // 0: one a core
  std::vector<ZoneConfig> zones;
  std::vector<SiteRule> sites;
  zone::SiteOptions site_defaults;
  zone::MemberLists member_lists;  // those that site options number
  MeasuredConfig measured;
  LocalityConfig locality;
  HeartbeatConfig heartbeat;
  std::optional<Endpoint> http_listen;  // nothing: no HTTP
  std::vector<std::string> http_hosts;  // names it may be asked by, beside addresses and localhost
  unsigned http_busiest_sites = 50;     // told of by name, at most
  std::string control_socket;           // path; empty: none
  RemoteControlConfig control_remote;
  HistoryConfig history;  // kept where there is a state_dir
  std::string state_dir;  // empty: nothing outlives a restart
  EdnsConfig edns;
  std::uint16_t edns_size = 1232;  // octets, 512 to 4096: offered, and the most that is sent
  TcpLimits tcp;                   // per worker
  std::optional<answer::RateLimitSettings> rate_limit;  // nothing: no limits
  std::string log_level = "info";
  LogTarget log;
  TapConfig taps;
  placement::Settings placement;
  std::string ready_file;  // from the flag alone
  // Where keys' values came from, for messages: "heartbeat.listen" to "path:line" or the flag.
  std::map<std::string, std::string> origins;
  std::string path;       // of the file it came from; empty: flags alone
  YamlSettings settings;  // what the file says, for the log of what a reload changes
};

// The rules of the sites, as the loader of zones takes them.
zone::SiteRules SiteRulesOf(const Config& config);

// An owner name as patterns are matched against: lower case, without the final dot.
std::string PatternText(const wire::Name& name);

}  // namespace dnsd::server

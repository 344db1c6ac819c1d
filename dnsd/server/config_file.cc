#include "dnsd/server/config_file.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "dnsd/base/log_settings.h"
#include "dnsd/base/octet_size.h"
#include "dnsd/base/yaml.h"
#include "dnsd/server/locality_config.h"
#include "dnsd/server/placement_config.h"
#include "dnsd/server/rate_limit_config.h"
#include "dnsd/server/site_config.h"
#include "dnsd/server/site_patterns.h"
#include "dnsd/server/tap_config.h"

namespace dnsd {

template <>
struct YamlType<wire::Name> {
  static constexpr const char* kWanted = "a domain name: labels of 1 to 63 octets, 255 in all";
  static bool Parse(const std::string& text, wire::Name& out) {
    const auto name = wire::Name::Parse(text);
    if (name) out = *name;
    return name.has_value();
  }
};

namespace server {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLeastTokenSize = 16;
constexpr std::size_t kMostTokenSize = 4096;

// The file being read, and the folder that relative paths start at.
struct Source {
  explicit Source(const std::string& path)
      : folder(std::filesystem::path(path).parent_path()), config{} {
    config.path = path;
  }
  std::string Path(const std::string& file) const { return (folder / file).string(); }

  std::filesystem::path folder;
  Config config;
};

void ReadPath(YamlMap& map, const std::string& key, const Source& source, std::string& out) {
  std::string file;
  if (map.Read(key, file)) out = source.Path(file);
}

void NoteOrigin(YamlMap& map, const std::string& key, const std::string& above, Config& config) {
  if (map.Has(key)) config.origins[above + key] = map.Origin(key);
}

void ReadZone(YamlMap& map, Source& source) {
  ZoneConfig zone;
  zone.origin = map.Origin();
  map.Require("apex", "the zone's name");
  map.Require("file", "the zone file's path");
  const bool named = map.Read("apex", zone.apex);
  ReadPath(map, "file", source, zone.file);
  if (named && !zone.file.empty()) source.config.zones.push_back(std::move(zone));
}

void ReadSite(YamlMap& map, Config& config) {
  zone::SiteOptions options = config.site_defaults;
  map.Require("name", "an owner name, a pattern, or a list of them");
  const auto patterns = ReadSitePatterns(map, "name");
  ReadSiteOptions(map, config.member_lists, options);
  for (const auto& pattern : patterns) config.sites.push_back({pattern, options, map.Origin()});
}

// The token in the file that `key` names: its text without white space around it.
void ReadToken(YamlMap& map, const std::string& key, const Source& source, std::string& out) {
  std::string path;
  ReadPath(map, key, source, path);
  if (path.empty()) return;
  std::ifstream in(path, std::ios::binary);
  std::string token{std::istreambuf_iterator<char>(in), {}};
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  token.erase(std::find_if_not(token.rbegin(), token.rend(), space).base(), token.end());
  token.erase(token.begin(), std::find_if_not(token.begin(), token.end(), space));
  if (!in.is_open()) {
    map.Refuse(key, "a file that can be read");
  } else if (token.size() < kLeastTokenSize || token.size() > kMostTokenSize) {
    map.Refuse(key, "a file that holds a token of " + std::to_string(kLeastTokenSize) + " to " +
                        std::to_string(kMostTokenSize) + " characters; it has " +
                        std::to_string(token.size()));
  } else {
    out = std::move(token);
  }
}

void ReadReporter(YamlMap& map, Source& source) {
  ReporterGrant grant;
  grant.origin = map.Origin();
  ReadToken(map, "token_file", source, grant.token);
  map.Read("certificate", grant.certificate_name);
  map.Require("nodes", "the node names it may use; \"*\" for any");
  map.Read("nodes", grant.nodes);
  map.Read("addresses", grant.addresses);
  grant.sites = ReadSitePatterns(map, "sites");
  if (map.Has("token_file") == map.Has("certificate")) {
    map.AddError("a reporter has either 'token_file' or 'certificate': one proof of who it is");
  }
  source.config.heartbeat.grants.push_back(std::move(grant));
}

// A file that cannot be read counts as empty.
std::size_t HashContents(const std::vector<std::string>& paths) {
  std::string all;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    all.append(std::istreambuf_iterator<char>(in), {});
    all += '\n';
  }
  return std::hash<std::string>()(all);
}

// The files that `tls` of a port names; `above` is where it stands, with a dot.
void ReadTls(YamlMap& map, const std::string& above, Source& source, TlsFiles& files) {
  map.ReadMap("tls", [&](YamlMap& tls) {
    for (const char* key : {"certificate", "key", "client_ca"}) {
      NoteOrigin(tls, key, above, source.config);
    }
    tls.Require("certificate", "a PEM file, dnsd's own certificate and its chain");
    tls.Require("key", "a PEM file, the certificate's private key");
    ReadPath(tls, "certificate", source, files.certificate);
    ReadPath(tls, "key", source, files.key);
    ReadPath(tls, "client_ca", source, files.client_ca);
    files.contents = HashContents({files.certificate, files.key, files.client_ca});
  });
}

void ReadHeartbeat(YamlMap& map, Source& source) {
  HeartbeatConfig& heartbeat = source.config.heartbeat;
  Endpoint listen;
  if (map.Read("listen", listen)) heartbeat.listen = listen;
  map.Read("insecure", heartbeat.insecure);
  for (const char* key : {"listen", "reporters", "suspect_after", "dead_after"}) {
    NoteOrigin(map, key, "heartbeat.", source.config);
  }
  ReadTls(map, "heartbeat.tls.", source, heartbeat.tls);
  map.ReadMaps("reporters", [&](YamlMap& reporter) { ReadReporter(reporter, source); });
  map.Read("suspect_after", heartbeat.suspect_after, 1, 1000);
  map.Read("dead_after", heartbeat.dead_after, 1, 1000);
  map.Read("warm_up", heartbeat.warm_up, 0s, 1h);
  map.Read("restart_grace", heartbeat.restart_grace, 0s, 1h);
}

void ReadRemoteControl(YamlMap& map, Source& source) {
  RemoteControlConfig& remote = source.config.control_remote;
  Endpoint listen;
  if (map.Read("listen", listen)) remote.listen = listen;
  for (const char* key : {"listen", "token_file", "names", "readers"}) {
    NoteOrigin(map, key, "control.", source.config);
  }
  ReadTls(map, "control.tls.", source, remote.tls);
  map.Read("names", remote.names);
  map.Read("readers", remote.readers);
  ReadToken(map, "token_file", source, remote.token);
}

void ReadRoot(YamlMap& root, Source& source) {
  Config& config = source.config;
  root.Read("listen", config.listen);
  NoteOrigin(root, "listen", "", config);
  root.Read("workers", config.workers, 0U, 1024U);
  root.ReadMaps("zones", [&](YamlMap& zone) { ReadZone(zone, source); });
  root.ReadMap("site_defaults", [&](YamlMap& map) {
    ReadSiteOptions(map, config.member_lists, config.site_defaults);
  });
  root.ReadMaps("sites", [&](YamlMap& site) { ReadSite(site, config); });
  root.ReadMap("heartbeat", [&](YamlMap& map) { ReadHeartbeat(map, source); });
  root.ReadMap("http", [&](YamlMap& http) {
    Endpoint listen;
    if (http.Read("listen", listen)) config.http_listen = listen;
    http.Read("hosts", config.http_hosts);
    http.Read("busiest_sites", config.http_busiest_sites, 0U, 500U);
    for (std::string& host : config.http_hosts) host = LowerCase(host);
  });
  root.ReadMap("control", [&](YamlMap& control) {
    NoteOrigin(control, "socket", "control.", config);
    ReadPath(control, "socket", source, config.control_socket);
    ReadRemoteControl(control, source);
  });
  ReadHistory(root, config.history);
  ReadPath(root, "state_dir", source, config.state_dir);
  if (std::uint64_t octets = 0; ReadOctetSize(root, "edns_size", octets, 512, 4096)) {
    config.edns_size = static_cast<std::uint16_t>(octets);
  }
  ReadEdns(
      root, [&](const std::string& file) { return source.Path(file); }, config.edns);
  root.ReadMap("tcp", [&](YamlMap& tcp) {
    TcpLimits& limits = config.tcp;
    tcp.Read("clients", limits.clients, 1U, 1'000'000U);
    tcp.Read("clients_per_prefix", limits.clients_per_prefix, 1U, 1'000'000U);
    tcp.Read<std::uint8_t>("ipv4_prefix", limits.ipv4_prefix, 8, 32);
    tcp.Read<std::uint8_t>("ipv6_prefix", limits.ipv6_prefix, 16, 128);
    tcp.Read("idle", limits.idle, 1s, 1h);
    tcp.Read("transfer", limits.transfer, 1s, 1h);
  });
  ReadLocality(
      root, [&](const std::string& file) { return source.Path(file); }, config.locality,
      config.measured);
  root.ReadMap("rate_limit", [&](YamlMap& map) { config.rate_limit = ReadRateLimit(map); });
  ReadPlacement(root, config.placement);
  NoteOrigin(root, "placement", "", config);
  ReadTaps(
      root, [&](const std::string& file) { return source.Path(file); }, config.taps);
  root.ReadMap("log", [&](YamlMap& log) {
    ReadLogSettings(
        log, [&](const std::string& file) { return source.Path(file); }, config.log_level,
        config.log);
  });
}

}  // namespace

absl::StatusOr<Config> LoadConfigFile(const std::string& path) {
  YamlFile file = YamlFile::Load(path);
  Source source(path);
  file.Read([&](YamlMap& root) { ReadRoot(root, source); });
  DNSD_RETURN_IF_ERROR(file.status());
  source.config.settings = file.settings();
  return std::move(source.config);
}

}  // namespace server
}  // namespace dnsd

#include <filesystem>
#include <utility>

#include "dnsd/base/log_settings.h"
#include "dnsd/base/octet_size.h"
#include "dnsd/base/yaml.h"
#include "dnsd/wire/name.h"
#include "reporter/config.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

// A text that names a source or a check, parsed by `parse`, whose error says what was wanted.
template <typename T, typename Parse>
bool ReadParsed(YamlMap& map, const std::string& key, Parse parse, T& out) {
  std::string text;
  if (!map.Read(key, text)) return false;
  absl::StatusOr<T> parsed = parse(text);
  if (parsed.ok()) {
    out = *std::move(parsed);
  } else {
    map.Refuse(key, Message(parsed.status()));
  }
  return parsed.ok();
}

// `path` as the configuration in `file` means it.
std::string Resolve(const std::string& path, const std::string& file) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

void ReadPath(YamlMap& map, const std::string& key, const std::string& file, std::string& out) {
  std::string path;
  if (map.Read(key, path)) out = Resolve(path, file);
}

void ReadDnsd(YamlMap& root, Config& config) {
  root.Read("dnsd", config.dnsd);
  for (const std::string& dnsd : config.dnsd) {
    if (!IsDnsdAddress(dnsd)) {
      root.Refuse("dnsd", "HOST:PORT, as ns1.example:5380; not '" + dnsd + "'");
    }
  }
}

void ReadPlace(YamlMap& root, Place& place) {
  root.Read("region", place.region);
  double degrees = 0;
  if (root.Read("latitude", degrees, -90, 90)) place.latitude = degrees;
  if (root.Read("longitude", degrees, -180, 180)) place.longitude = degrees;
  root.Read("asn", place.asn, 1U, UINT32_MAX);
}

void ReadPorts(YamlMap& root, Config& config) {
  std::vector<std::string> texts;
  if (!root.Read("ports", texts)) return;
  config.ports.clear();
  for (const std::string& text : texts) {
    const auto port = ParseUnsigned(text);
    if (!port || *port == 0 || *port > 0xFFFF) {
      root.Refuse("ports", "ports, 1 to 65535; not '" + text + "'");
    } else {
      config.ports.push_back(static_cast<std::uint16_t>(*port));
    }
  }
}

void ReadRtt(YamlMap& root, RttConfig& rtt) {
  root.Read("rtt", rtt.enabled);
  root.Read("rtt_interval", rtt.interval, Duration(1s), Duration(1h));
  root.Read("rtt_any_address", rtt.any_address);
}

void ReadHealth(YamlMap& root, const std::string& key, std::optional<HealthCheckConfig>& out) {
  root.ReadMap(key, [&](YamlMap& map) {
    HealthCheckConfig check;
    map.Require("check", "tcp:HOST:PORT, http://HOST:PORT/PATH or exec:COMMAND");
    ReadParsed(map, "check", ParseHealthCheck, check);
    map.Read("interval", check.interval, Duration(100ms), Duration(1h));
    map.Read("timeout", check.timeout, Duration(10ms), Duration(5min));
    map.Read("rise", check.rise, 1U, 100U);
    map.Read("fall", check.fall, 1U, 100U);
    map.Read("host", check.host);
    if (map.Read("status", check.status_least, 100U, 599U)) check.status_most = check.status_least;
    map.Read("status_max", check.status_most, check.status_least, 599U);
    out = std::move(check);
  });
}

void ReadSites(YamlMap& root, Config& config) {
  HostingConfig& hosting = config.hosting;
  std::vector<std::string> names;
  if (root.Read("sites", names) && names != std::vector<std::string>{"all"}) {
    hosting.all = false;
    for (const std::string& text : names) {
      const std::string name = SiteName(text);
      if (name.empty())
        root.Refuse("sites", "all, or owner names as www.example; not '" + text + "'");
      hosting.listed[name];
    }
  }
  root.ReadMaps("hosted", [&](YamlMap& map) {
    hosting.all = false;
    std::string text;
    map.Require("name", "an owner name, as www.example");
    if (!map.Read("name", text)) return;
    const std::string name = SiteName(text);
    if (name.empty()) return map.Refuse("name", "an owner name, as www.example");
    SiteContent& content = hosting.listed[name];
    constexpr std::int64_t kMost = INT64_MAX;
    std::int64_t number = 0;
    if (map.Read<std::int64_t>("version", number, 0, kMost))
      content.version = static_cast<std::uint64_t>(number);
    if (map.Read<std::int64_t>("bytes", number, 0, kMost))
      content.bytes = static_cast<std::uint64_t>(number);
  });
  ReadPath(root, "sites_dir", config.path, hosting.folder);
  if (hosting.folder.empty()) return;
  if (!hosting.all) {
    root.Refuse("sites_dir", "either a folder of sites or a list of them, not both");
  }
  hosting.all = false;
}

// As the names are that it is compared with: in lower case, without the final dot.
std::string Lowered(std::string pattern) {
  if (pattern.size() > 1 && pattern.back() == '.') pattern.pop_back();
  for (char& c : pattern) {
    c = static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c)));
  }
  return pattern;
}

void ReadReplicas(YamlMap& root, Config& config) {
  root.ReadMap("replicas", [&](YamlMap& map) {
    ReplicaConfig& replicas = config.replicas;
    map.Read("instantiate", replicas.instantiate);
    map.Read("withdraw", replicas.withdraw);
    map.Read("verify", replicas.verify);
    map.Read("timeout", replicas.timeout, Duration(1s), Duration(24h));
    map.Read("retries", replicas.retries, 0U, 100U);
    map.Read("at_once", replicas.at_once, 1U, 100U);
    if (OctetSize quota; map.Read("quota", quota)) replicas.quota = quota.octets;
    map.Read("evict", replicas.evict);
    map.Read("home", replicas.home);
    for (std::string& pattern : replicas.home) {
      if (pattern.starts_with('.') || pattern.find("..") != std::string::npos) {
        map.Refuse("home", "names or patterns, as *.customers.example; not '" + pattern + "'");
      }
      pattern = Lowered(pattern);
    }
    ReadPath(map, "state_dir", config.path, replicas.state_dir);
    map.Read("lazy", replicas.lazy);
    Endpoint fallback;
    if (map.Read("fallback", fallback)) {
      if (!fallback.address.is_loopback()) map.Refuse("fallback", "an address of loopback");
      replicas.fallback = fallback;
    }
    const bool redirects = map.Read("redirect", replicas.redirect);
    if (redirects && !replicas.redirect.starts_with("http")) {
      map.Refuse("redirect", "a URL's beginning, as http://{address} or https://{site}.example");
    }
  });
}

void ReadLoad(YamlMap& root, Config& config) {
  const Duration timeout = config.load_source.timeout;
  ReadParsed(root, "load_source", ParseLoadSource, config.load_source);
  if (config.load_source.kind == LoadSourceConfig::Kind::kFile) {
    config.load_source.file_or_command = Resolve(config.load_source.file_or_command, config.path);
  }
  config.load_source.timeout = timeout;
  root.Read("load_source_timeout", config.load_source.timeout, Duration(10ms), Duration(5min));
  root.Read("load_source_max_age", config.load_source.max_age, Duration(0s), Duration(24h));
  root.Read("kernel_load", config.kernel_load);
  root.Read("cgroup", config.cgroup);
}

void ReadStatistics(YamlMap& root, Config& config) {
  root.ReadMap("statistics", [&](YamlMap& map) {
    StatisticsConfig statistics;
    map.Require("kind", "nginx, apache or haproxy");
    map.ReadChoice<ServerKind>("kind", statistics.kind,
                               {{"nginx", ServerKind::kNginx},
                                {"apache", ServerKind::kApache},
                                {"haproxy", ServerKind::kHaproxy}});
    const auto parse = [&](const std::string& url) {
      return StatisticsOverHttp(statistics.kind, url);
    };
    std::string socket;
    ReadPath(map, "socket", config.path, socket);
    if (ReadParsed(map, "url", parse, statistics.request)) {
      map.Read("url", statistics.place);
      if (!socket.empty()) map.Refuse("socket", "either a socket or a url, not both");
    } else if (!socket.empty()) {
      if (statistics.kind != ServerKind::kHaproxy) map.Refuse("socket", "a url for this kind");
      statistics.request = StatisticsOverSocket(socket);
      statistics.place = socket;
    } else if (!map.Has("url")) {
      map.AddError("statistics: wanted a `url`, or a `socket` of haproxy's");
    }
    map.Read("interval", statistics.interval, kLeastInterval, kMostInterval);
    map.Read("timeout", statistics.request.timeout, Duration(10ms), Duration(1min));
    config.statistics = std::move(statistics);
  });
}

void ReadAccessLogs(YamlMap& root, Config& config) {
  root.ReadMaps("access_logs", [&](YamlMap& map) {
    AccessLogConfig log;
    map.Require("path", "a file's path, as /var/log/nginx/{site}.access.log");
    ReadPath(map, "path", config.path, log.path);
    map.ReadChoice<bool>(
        "format", log.host_first,
        {{"common", false}, {"combined", false}, {"vhost_common", true}, {"vhost_combined", true}});
    const bool named = log.path.find("{site}") != std::string::npos;
    if (named && log.host_first) map.Refuse("path", "no {site}: the lines name it");
    std::string text;
    if (map.Read("site", text)) {
      log.site = SiteName(text);
      if (log.site.empty()) map.Refuse("site", "an owner name, as www.example");
      if (named || log.host_first) map.Refuse("site", "none: the path or the lines name it");
    }
    config.access_logs.push_back(std::move(log));
  });
}

void ReadServer(YamlMap& root, Config& config) {
  root.ReadMap("server", [&](YamlMap& map) {
    map.Read("process", config.server.name);
    ReadPath(map, "pid_file", config.path, config.server.pid_file);
    if (config.server.name.empty() == config.server.pid_file.empty()) {
      map.AddError("server: wanted either `process` or `pid_file`");
    }
  });
}

// Of the keys that FinishConfig judges.
void NoteOrigins(YamlMap& root, Config& config) {
  for (const char* key :
       {"node", "addresses", "region", "latitude", "longitude", "ports", "dnsd", "sites_dir",
        "site_health", "health", "token_file", "kernel_load", "cgroup", "replicas"}) {
    if (root.Has(key)) config.origins[key] = root.Origin(key);
  }
}

void ReadRoot(YamlMap& root, Config& config) {
  NoteOrigins(root, config);
  root.Read("node", config.node);
  root.Read("addresses", config.addresses);
  ReadPlace(root, config.place);
  ReadDnsd(root, config);
  root.Read("interval", config.interval, kLeastInterval, kMostInterval);
  ReadPorts(root, config);
  ReadRtt(root, config.rtt);
  ReadLoad(root, config);
  ReadStatistics(root, config);
  ReadAccessLogs(root, config);
  ReadServer(root, config);
  ReadSites(root, config);
  ReadReplicas(root, config);
  ReadHealth(root, "health", config.health);
  ReadHealth(root, "site_health", config.site_health);
  ReadPath(root, "token_file", config.path, config.token_file);
  root.ReadMap("tls", [&](YamlMap& tls) {
    for (const char* key : {"ca", "certificate", "key"}) {
      if (tls.Has(key)) config.origins[std::string("tls.") + key] = tls.Origin(key);
    }
    ReadPath(tls, "ca", config.path, config.tls.ca);
    ReadPath(tls, "certificate", config.path, config.tls.certificate);
    ReadPath(tls, "key", config.path, config.tls.key);
    tls.Read("server_name", config.tls.server_name);
  });
  root.Read("insecure", config.insecure);
  root.ReadMap("log", [&](YamlMap& log) {
    ReadLogSettings(
        log, [&](const std::string& path) { return Resolve(path, config.path); }, config.log_level,
        config.log);
  });
}

}  // namespace

absl::StatusOr<Config> LoadConfigFile(const std::string& path) {
  YamlFile file = YamlFile::Load(path);
  Config config;
  config.path = path;
  file.Read([&](YamlMap& root) { ReadRoot(root, config); });
  DNSD_RETURN_IF_ERROR(file.status());
  return config;
}

}  // namespace dnsd::reporter

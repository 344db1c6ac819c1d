#include "reporter/config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

// As dnsd wants them.
constexpr std::size_t kMostNodeName = 255;
constexpr std::size_t kLeastToken = 16;
constexpr std::size_t kMostToken = 4096;
constexpr std::size_t kMostPem = 1U << 20;
constexpr const char* kSpace = " \t\r\n\v\f";

// The faults found so far, each on a line that says where.
class Findings {
 public:
  explicit Findings(const Config& config)
      : whole_(config.path.empty() ? "flags" : config.path), origins_(config.origins) {}
  void Add(const std::string& what) { AddAt(whole_, what); }
  // On the value of `key`, if the file has it.
  void Add(const std::string& key, const std::string& what) {
    const auto at = origins_.find(key);
    AddAt(at == origins_.end() ? whole_ : at->second, what);
  }
  absl::Status status() const {
    return all_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(all_);
  }

 private:
  void AddAt(const std::string& origin, const std::string& what) {
    all_ += (all_.empty() ? "" : "\n") + origin + ": " + what;
  }

  std::string whole_;
  const std::map<std::string, std::string> origins_;
  std::string all_;
};

std::string HostOf(const std::string& dnsd) { return dnsd.substr(0, dnsd.rfind(':')); }

bool IsLoopback(const std::string& dnsd) {
  const auto endpoint = Endpoint::Parse(dnsd);
  return endpoint ? endpoint->address.is_loopback() : HostOf(dnsd) == "localhost";
}

void CheckNode(const Config& config, Findings& findings) {
  if (config.node.empty()) {
    findings.Add("no node name; add `node: NAME` or --node NAME");
  } else if (config.node.size() > kMostNodeName ||
             config.node.find_first_of(kSpace) != std::string::npos) {
    findings.Add("node", "node '" + config.node + "': wanted 1 to 255 octets without white space");
  }
  if (config.addresses.empty()) {
    findings.Add("no service address; add `addresses: [IP]` or --address IP");
  }
  for (const IpAddress& address : config.addresses) {
    if (address.is_unspecified()) {
      findings.Add("addresses",
                   "address " + address.ToString() + ": wanted an address that a pool lists");
    }
  }
}

void CheckPlace(const Place& place, Findings& findings) {
  const bool is_word = place.region.find_first_of(kSpace) == std::string::npos;
  if (!is_word || place.region.size() > Place::kMostRegion) {
    findings.Add("region",
                 "region '" + place.region + "': wanted 63 octets at most without white space");
  }
  // NaN is in no range.
  if (!(std::abs(place.latitude.value_or(0)) <= 90))
    findings.Add("latitude", "latitude: wanted -90 to 90");
  if (!(std::abs(place.longitude.value_or(0)) <= 180))
    findings.Add("longitude", "longitude: wanted -180 to 180");
  if (place.latitude.has_value() != place.longitude.has_value()) {
    findings.Add("latitude", "latitude and longitude: wanted both or neither");
  }
}

void CheckPorts(const Config& config, Findings& findings) {
  if (config.ports.size() > kMostPorts) {
    findings.Add("ports", "ports: found " + std::to_string(config.ports.size()) + ", wanted " +
                              std::to_string(kMostPorts) + " at most");
  }
}

void CheckDnsd(const Config& config, Findings& findings) {
  if (config.dnsd.empty()) {
    findings.Add("no dnsd to report to; add `dnsd: [HOST:PORT]` or --dnsd HOST:PORT");
  }
  for (auto at = config.dnsd.begin(); at != config.dnsd.end(); ++at) {
    if (std::find(config.dnsd.begin(), at, *at) != at) {
      findings.Add("dnsd", "dnsd '" + *at + "' is given twice");
    }
    if (!config.tls.any() && !config.insecure && !IsLoopback(*at)) {
      findings.Add("dnsd", "dnsd '" + *at +
                               "' is not on loopback: wanted TLS (`tls: {ca: FILE}` or "
                               "--tls-ca FILE), or --insecure to report in plain text");
    }
  }
}

// The content of the file at `path`, if one is wanted.
std::string ReadPem(const char* key, const char* what, const std::string& path,
                    Findings& findings) {
  if (path.empty()) return "";
  auto content = FileRoot().Read(path, kMostPem);
  if (!content)
    findings.Add(key, std::string(what) + " '" + path + "': wanted a file that can be read");
  return std::move(content).value_or("");
}

void ReadTls(TlsConfig& tls, Findings& findings) {
  if (tls.certificate.empty() != tls.key.empty()) {
    findings.Add("tls.certificate", "TLS certificate and key: wanted both or neither");
  }
  tls.ca_pem = ReadPem("tls.ca", "TLS CA", tls.ca, findings);
  tls.certificate_pem = ReadPem("tls.certificate", "TLS certificate", tls.certificate, findings);
  tls.key_pem = ReadPem("tls.key", "TLS key", tls.key, findings);
}

void CheckSites(const Config& config, Findings& findings) {
  const HostingConfig& hosting = config.hosting;
  std::error_code error;
  if (!hosting.folder.empty() && !std::filesystem::is_directory(hosting.folder, error)) {
    findings.Add("sites_dir", "sites folder '" + hosting.folder + "': wanted a directory");
  }
  if (config.site_health && hosting.all) {
    findings.Add("site_health",
                 "a site health check wants to know the sites: add `sites:` or `sites_dir:`");
  }
  const auto names_site = [](const HealthCheckConfig& check) {
    return (check.host + check.path + check.command).find("{site}") != std::string::npos;
  };
  if (config.health && names_site(*config.health)) {
    findings.Add("health",
                 "the node's health check has {site} in it: wanted in the site health check only");
  }
}

void CheckReplicas(const Config& config, Findings& findings) {
  const ReplicaConfig& replicas = config.replicas;
  const auto check = [&](bool wrong, const char* what) {
    if (wrong) findings.Add("replicas", std::string("replicas: ") + what);
  };
  check(replicas.instantiate.empty() != replicas.withdraw.empty(),
        "wanted both `instantiate` and `withdraw`, or neither");
  check(replicas.takes() && config.hosting.folder.empty(),
        "hooks want a `sites_dir`: it tells what is hosted");
  check(!replicas.takes() && !replicas.verify.empty(), "`verify` wants `instantiate`");
  check(!replicas.takes() && replicas.quota > 0, "`quota` wants `instantiate`");
  check(replicas.evict && replicas.quota == 0, "`evict` wants a `quota`");
  check(!replicas.takes() && replicas.lazy, "`lazy` wants `instantiate`");
  check(replicas.lazy != replicas.fallback.has_value(),
        "wanted both `lazy` and `fallback`, or neither: the first request is told there");
  check(!replicas.redirect.empty() && !replicas.lazy, "`redirect` wants `lazy`");
}

void ReadToken(Config& config, Findings& findings) {
  if (config.token_file.empty()) return;
  const auto content = FileRoot().Read(config.token_file, kMostToken + 1);
  if (!content) {
    return findings.Add("token_file",
                        "token file '" + config.token_file + "': wanted a file that can be read");
  }
  const std::size_t begin = std::min(content->find_first_not_of(kSpace), content->size());
  config.token = content->substr(begin, content->find_last_not_of(kSpace) + 1 - begin);
  if (config.token.size() < kLeastToken || config.token.size() > kMostToken) {
    findings.Add("token_file", "token file '" + config.token_file + "': found " +
                                   std::to_string(config.token.size()) +
                                   " characters, wanted 16 to 4096");
  }
}

}  // namespace

bool IsDnsdAddress(const std::string& text) {
  if (const auto endpoint = Endpoint::Parse(text)) return endpoint->port != 0;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || SiteName(HostOf(text)).empty()) return false;
  const auto port = ParseUnsigned(text.substr(colon + 1));
  return port && *port > 0 && *port <= 0xFFFF && !IpAddress::Parse(HostOf(text));
}

absl::Status FinishConfig(Config& config) {
  Findings findings(config);
  CheckNode(config, findings);
  CheckPlace(config.place, findings);
  CheckPorts(config, findings);
  CheckDnsd(config, findings);
  ReadTls(config.tls, findings);
  CheckSites(config, findings);
  CheckReplicas(config, findings);
  ReadToken(config, findings);
  if (!config.kernel_load && config.load_source.kind == LoadSourceConfig::Kind::kNone &&
      !config.statistics && config.access_logs.empty()) {
    findings.Add("kernel_load",
                 "no load at all: without the kernel's, a load source, statistics or an access log "
                 "is wanted");
  }
  const bool group =
      config.cgroup == "self" || config.cgroup == "none" || config.cgroup.starts_with('/');
  if (!group)
    findings.Add("cgroup", "cgroup '" + config.cgroup + "': wanted self, none, or a path from /");
  return findings.status();
}

}  // namespace dnsd::reporter

// One check of a service: a TCP connection, an HTTP request, or a command.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "reporter/event_loop.h"

namespace dnsd::reporter {

// What to check and how often. For a site, "{site}" in host, path and command stands for its name.
struct HealthCheckConfig {
  enum class Kind { kTcp, kHttp, kCommand };
  Kind kind = Kind::kTcp;
  std::optional<IpAddress> address;  // nothing: the node's first service address
  std::uint16_t port = 0;
  std::string host;                                // HTTP: the Host field
  std::string path;                                // HTTP: with its query
  unsigned status_least = 200, status_most = 399;  // HTTP: those that are good
  std::string command;
  Duration interval = std::chrono::seconds(1);
  Duration timeout = std::chrono::seconds(1);
  unsigned rise = 2;  // good checks in a row until healthy
  unsigned fall = 2;  // bad ones until unhealthy

  friend bool operator==(const HealthCheckConfig&, const HealthCheckConfig&) = default;
};

// "tcp:HOST:PORT", "http://HOST[:PORT][/PATH]" or "exec:COMMAND". HOST is an IP address (IPv6 in
// brackets), "localhost", or in HTTP "{site}": the node's own address, asked for that site. Names
// are not looked up: a check must not hang on a resolver. The message of an error says what was
// wanted.
absl::StatusOr<HealthCheckConfig> ParseHealthCheck(const std::string& text);

// The check of one site: "{site}" replaced.
HealthCheckConfig ForSite(HealthCheckConfig check, const std::string& site);

// The verdict on the first line of an HTTP response: OK, or why not.
absl::Status JudgeStatusLine(const std::string& line, const HealthCheckConfig& check);

// A check under way; destroying it gives it up.
class Probe {
 public:
  // Called once, in the loop; may destroy the probe.
  using Done = std::function<void(absl::Status)>;

  virtual ~Probe() = default;
  // `check` has its address. Done may not be called before this returns.
  static std::unique_ptr<Probe> Start(event_base* base, const HealthCheckConfig& check, Done done);
};

}  // namespace dnsd::reporter

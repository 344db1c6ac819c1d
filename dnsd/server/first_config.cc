#include "dnsd/server/first_config.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dnsd/server/config.h"
#include "dnsd/server/sockets.h"

namespace dnsd::server {
namespace {

constexpr const char* kConfig =
    R"(# The configuration of dnsd; dnsd.yaml(5) tells every key. Paths are relative to this file's
# folder.
#
#   dnsd check --config FILE    finds every mistake in it, with its line
#   SIGHUP, dnsdctl reload      take it up, whole or not at all

# Where DNS is answered, over UDP and TCP: loopback, until you put the public addresses here, as
# [192.0.2.53:53, "[2001:db8::53]:53"].
listen: [@LISTEN@]

# The zones, in ordinary zone files. A name with several addresses is a site: dnsd chooses among them.
zones:
  - {apex: @APEX@, file: zones/@APEX@.zone}

# What sites do when nothing else is said. Without reporters all members are usable and take turns.
site_defaults:
  answers: 1       # addresses an answer has
  all_down: all    # nobody left: answer the whole pool, as plain DNS would
#sites:
#  - {name: "*.hosting.@APEX@", answers: 2}

# Where the reporters on the servers tell their load. Beyond loopback it wants TLS, and should say who
# may speak for whom:
#   tls: {certificate: tls/dnsd.pem, key: tls/dnsd.key, client_ca: tls/reporters-ca.pem}
#   reporters:
#     - {certificate: web1.example, nodes: [web1], addresses: [192.0.2.1]}
heartbeat:
  listen: @HEARTBEAT@

# Read-only: /metrics, /status.json and /healthz.
http: {listen: @HTTP@}

# What `dnsdctl --socket` talks to; who may open it may command.
control: {socket: @CONTROL@}

# What must outlive a restart: loads, hosting, operators' orders.
state_dir: @STATE@

log: {level: info}
)";

constexpr const char* kZone =
    R"(; The zone @APEX@: ordinary master format (RFC 1035), as any name server reads it.
$ORIGIN @APEX@.
$TTL 3600
@       SOA   ns1 hostmaster 1 3600 600 86400 5
        NS    ns1
ns1     A     192.0.2.53        ; this server, as the world reaches it: also the glue in the parent

; A site: one name, three servers that may answer for it. TTL 0: each client asks anew.
www   0 A     192.0.2.1
      0 A     192.0.2.2
      0 A     192.0.2.3

; A wildcard pool: any name below may live on any of these, and the reporters tell on which.
*.hosting 0 A 192.0.2.1
          0 A 192.0.2.2
)";

std::string Fill(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [key, value] : values) {
    const std::string mark = "@" + key + "@";
    for (std::size_t at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + value.size())) {
      text.replace(at, mark.size(), value);
    }
  }
  return text;
}

// Text in double quotes, as YAML reads any: addresses of IPv6 and paths hold what it would take for
// its own.
std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

absl::Status FileError(const std::filesystem::path& path, const char* what, int error) {
  return absl::UnavailableError(path.string() + ": cannot " + what + ": " + std::strerror(error));
}

// Writes a file that is not there yet.
absl::Status WriteNew(const std::filesystem::path& path, const std::string& text) {
  const Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (fd.get() < 0) return FileError(path, "create", errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) {
      const int error = errno;
      unlink(path.c_str());
      return FileError(path, "write", error);
    }
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return absl::OkStatus();
}

}  // namespace

std::string FirstConfigText(const FirstConfig& first) {
  std::string listen;
  for (const Endpoint& endpoint : first.listen) {
    listen += (listen.empty() ? "" : ", ") + Quoted(endpoint.ToString());
  }
  return Fill(kConfig, {{"LISTEN", listen},
                        {"APEX", PatternText(first.apex)},
                        {"HEARTBEAT", Quoted(first.heartbeat_listen.ToString())},
                        {"HTTP", Quoted(first.http_listen.ToString())},
                        {"CONTROL", Quoted(first.control_socket)},
                        {"STATE", Quoted(first.state_dir)}});
}

std::string FirstZoneText(const FirstConfig& first) {
  return Fill(kZone, {{"APEX", PatternText(first.apex)}});
}

absl::StatusOr<std::vector<std::string>> WriteFirstConfig(const FirstConfig& first) {
  const std::filesystem::path folder(first.folder);
  const std::filesystem::path config = folder / "dnsd.yaml";
  const std::filesystem::path zone = folder / "zones" / (PatternText(first.apex) + ".zone");
  for (const auto& path : {config, zone}) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
      return absl::AlreadyExistsError(path.string() +
                                      " is there already; wanted a folder without it: move it "
                                      "away, or choose another folder");
    }
  }
  std::error_code error;
  std::filesystem::create_directories(zone.parent_path(), error);
  if (error) return FileError(zone.parent_path(), "create", error.value());
  if (absl::Status written = WriteNew(zone, FirstZoneText(first)); !written.ok()) return written;
  if (absl::Status written = WriteNew(config, FirstConfigText(first)); !written.ok()) {
    unlink(zone.c_str());  // so that the next try does not find it
    return written;
  }
  return std::vector<std::string>{config.string(), zone.string()};
}

}  // namespace dnsd::server

#include "dnsd/server/grpc_port.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace dnsd::server {
namespace {

// A peer that vanished without a word is noticed in 15 s even if it owed us nothing.
constexpr int kKeepAliveMs = 10'000;
constexpr int kKeepAliveTimeoutMs = 5'000;
constexpr int kLeastPingIntervalMs = 4'000;  // of the clients' own pings
// Connections that only take descriptors: without a handshake, and without a request.
constexpr int kHandshakeTimeoutMs = 10'000;
constexpr int kIdleConnectionMs = 60'000;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// An errno; 0 if it can be bound.
int BindError(const Endpoint& endpoint) {
  sockaddr_storage address;
  const socklen_t size = endpoint.ToSockaddr(address);
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound =
      bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 && listen(fd, 1) == 0;
  const int error = bound ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(
    const TlsFiles& files, grpc_ssl_client_certificate_request_type wanted) {
  if (!files.any()) return grpc::InsecureServerCredentials();
  if (files.client_ca.empty()) wanted = GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  grpc::SslServerCredentialsOptions options(wanted);
  options.pem_key_cert_pairs.push_back({ReadFile(files.key), ReadFile(files.certificate)});
  if (!files.client_ca.empty()) options.pem_root_certs = ReadFile(files.client_ca);
  return grpc::SslServerCredentials(options);
}

std::string PeerAddress(const grpc::ServerContextBase& context) {
  const std::string peer = context.peer();
  const std::size_t kind = peer.find(':');
  std::string host = peer.substr(kind == std::string::npos ? 0 : kind + 1);
  if (const std::size_t port = host.rfind(':'); port != std::string::npos) host.resize(port);
  for (const char* bracket : {"%5B", "%5D", "[", "]"}) {
    if (const auto at = host.find(bracket); at != std::string::npos) {
      host.erase(at, std::string(bracket).size());
    }
  }
  return host;
}

std::vector<std::string> CertificateNames(const grpc::ServerContextBase& context) {
  std::vector<std::string> names;
  const auto auth = context.auth_context();
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return names;
  for (const char* property : {GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
    for (const auto& value : auth->FindPropertyValues(property)) {
      // A name that goes on behind a NUL would be matched by what stands before it.
      std::string name(value.data(), value.size());
      if (name.find('\0') == std::string::npos) names.push_back(std::move(name));
    }
  }
  return names;
}

void LimitPort(grpc::ServerBuilder& builder, const PortLimits& limits) {
  builder.SetMaxReceiveMessageSize(limits.message);
  grpc::ResourceQuota quota(limits.name);
  quota.Resize(limits.memory);
  if (limits.threads > 0) quota.SetMaxThreads(limits.threads);
  builder.SetResourceQuota(quota);
  // Two servers on one port would each see half of the clients.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);  // no book of each call
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams_per_connection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepAliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kLeastPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleConnectionMs);
}

absl::Status PortError(const std::string& what, const Endpoint& endpoint, const std::string& key,
                       const TlsFiles& files) {
  const std::string where = "cannot " + what + " on " + endpoint.ToString() + ": ";
  if (const int error = BindError(endpoint); error != 0) {
    return absl::UnavailableError(where + std::strerror(error));
  }
  return absl::InvalidArgumentError(where + "wanted PEM files that belong together in " + key +
                                    ": certificate '" + files.certificate + "', key '" + files.key +
                                    "', client_ca '" + files.client_ca + "'");
}

}  // namespace dnsd::server

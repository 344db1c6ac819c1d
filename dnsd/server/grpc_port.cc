#include "dnsd/server/grpc_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace dnsd::server {
namespace {

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

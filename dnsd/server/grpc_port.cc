#include "dnsd/server/grpc_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace dnsd::server {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> TlsCredentials(
    const std::string& certificate, const std::string& key, const std::string& client_ca,
    grpc_ssl_client_certificate_request_type wanted) {
  grpc::SslServerCredentialsOptions options(wanted);
  options.pem_key_cert_pairs.push_back({ReadFile(key), ReadFile(certificate)});
  if (!client_ca.empty()) options.pem_root_certs = ReadFile(client_ca);
  return grpc::SslServerCredentials(options);
}

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

}  // namespace dnsd::server

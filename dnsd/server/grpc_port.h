// What gRPC servers that listen on an address have in common.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/server/config.h"

namespace grpc {
class ServerBuilder;
class ServerContextBase;
}  // namespace grpc

namespace dnsd::server {

// What a port that serves with `files` proves who it is by, if anything. `wanted` of its clients,
// where there is a client_ca.
std::shared_ptr<grpc::ServerCredentials> CredentialsOf(
    const TlsFiles& files, grpc_ssl_client_certificate_request_type wanted);

// Who speaks: the address without kind and port, and the names that a verified certificate gives
// (none without one).
std::string PeerAddress(const grpc::ServerContextBase& context);
std::vector<std::string> CertificateNames(const grpc::ServerContextBase& context);

struct PortLimits {
  const char* name;
  int message;                 // octets
  std::size_t memory;          // octets, of all connections' buffers
  int threads = 0;             // 0: gRPC's own
  int streams_per_connection;  // at a time
};

// Bounds what clients take; those that are gone without a word, that do not shake hands or that ask
// nothing for a minute lose their connection.
void LimitPort(grpc::ServerBuilder& builder, const PortLimits& limits);

// Why a port could not be opened, which gRPC does not tell: Unavailable, the address;
// InvalidArgument, the files of the configuration's `key`. `what` cannot be done on `endpoint`.
absl::Status PortError(const std::string& what, const Endpoint& endpoint, const std::string& key,
                       const TlsFiles& files);

}  // namespace dnsd::server

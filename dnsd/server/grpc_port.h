// What gRPC servers that listen on an address have in common.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/server/config.h"

namespace dnsd::server {

// What a port that serves with `files` proves who it is by, if anything. `wanted` of its clients,
// where there is a client_ca.
std::shared_ptr<grpc::ServerCredentials> CredentialsOf(
    const TlsFiles& files, grpc_ssl_client_certificate_request_type wanted);

// Why a port could not be opened, which gRPC does not tell: Unavailable, the address;
// InvalidArgument, the files of the configuration's `key`. `what` cannot be done on `endpoint`.
absl::Status PortError(const std::string& what, const Endpoint& endpoint, const std::string& key,
                       const TlsFiles& files);

}  // namespace dnsd::server

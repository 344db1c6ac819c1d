// What gRPC servers that listen on an address have in common.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "dnsd/base/ip.h"

namespace dnsd::server {

// Certificate and key of a server, and what it wants of its clients: PEM files.
std::shared_ptr<grpc::ServerCredentials> TlsCredentials(
    const std::string& certificate, const std::string& key, const std::string& client_ca,
    grpc_ssl_client_certificate_request_type wanted);

// Why `endpoint` cannot be bound, which gRPC does not tell: an errno; 0 if it can.
int BindError(const Endpoint& endpoint);

}  // namespace dnsd::server

// Who may ask on the control port that others than this machine reach.
#pragma once

#include <string>
#include <vector>

#include "dnsd/server/caller.h"
#include "dnsd/server/config.h"

namespace dnsd::server {

// What a request shows of itself.
struct Shown {
  std::string address;
  std::vector<std::string> certificate_names;  // of a verified certificate
  std::string authorization;                   // "Bearer TOKEN"; empty: none
};

// Immutable, for any thread.
class RemoteCallers {
 public:
  explicit RemoteCallers(const RemoteControlConfig& config);

  // As IdentifyCaller. The time it takes tells nothing about the token.
  absl::StatusOr<Caller> Identify(const Shown& shown) const;

 private:
  const std::vector<std::string> names_,
      readers_;                     // patterns; both empty: whoever has a certificate
  const std::string token_digest_;  // empty: none is wanted
};

// What gRPC knows of a request.
Shown ShownBy(const grpc::ServerContext& context);

}  // namespace dnsd::server

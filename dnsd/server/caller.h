// Who asks on a control port, and what they may.
#pragma once

#include <functional>
#include <string>

#include "dnsd/base/status.h"

namespace grpc {
class ServerContext;
}

namespace dnsd::server {

struct Caller {
  std::string who;         // for the log: "uid 0, process 4711", "certificate 'ops' at 192.0.2.1"
  bool may_order = false;  // or look only
};

// Of one request; several at a time.
//   Unauthenticated   it does not prove what is wanted
//   PermissionDenied  it is known, and may do nothing
using IdentifyCaller = std::function<absl::StatusOr<Caller>(const grpc::ServerContext& context)>;

}  // namespace dnsd::server

// What dnsdctl talks to from elsewhere: the commands of the control socket on an address, for those
// alone who show a certificate or a token (remote_callers.h).
#pragma once

#include <memory>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/server/config.h"
#include "dnsd/server/control_actions.h"
#include "dnsd/server/remote_callers.h"

namespace grpc {
class Server;
}

namespace dnsd::server {

class ControlCommands;

class ControlRemote {
 public:
  // `config.listen` must be set.
  ControlRemote(const RemoteControlConfig& config, ControlActions actions);
  ~ControlRemote();  // stops
  ControlRemote(const ControlRemote&) = delete;
  ControlRemote& operator=(const ControlRemote&) = delete;

  // Binds and serves. Unavailable: the address cannot be bound; InvalidArgument: the TLS files.
  absl::Status Start();
  // Waits for the actions under way.
  void Stop();

  // Valid once started.
  const Endpoint& bound() const { return bound_; }

 private:
  const RemoteControlConfig config_;
  const RemoteCallers callers_;
  Endpoint bound_;
  std::unique_ptr<ControlCommands> commands_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace dnsd::server

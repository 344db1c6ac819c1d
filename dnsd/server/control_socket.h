// What dnsdctl talks to on this machine: a gRPC server on a Unix socket, with threads of its own,
// so that a request that waits holds up no reporter. Who may open the socket may do all: owner and
// group (0660).
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "dnsd/base/status.h"
#include "dnsd/server/control_actions.h"

namespace grpc {
class Server;
}

namespace dnsd::server {

class ControlCommands;

class ControlSocket {
 public:
  ControlSocket(std::string path, ControlActions actions);
  ~ControlSocket();  // stops
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // Binds and serves. Unavailable: another process answers there, or it cannot be bound.
  absl::Status Start();
  // Waits for the actions under way.
  void Stop();

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  ino_t inode_ = 0;  // of the socket, once bound
  std::unique_ptr<ControlCommands> commands_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace dnsd::server

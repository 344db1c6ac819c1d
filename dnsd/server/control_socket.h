// What dnsdctl talks to on this machine: a gRPC server on a Unix socket, with threads of its own,
// so that a request that waits holds up no reporter. Who may open the socket may do all: owner and
// group (0660). The connections are taken here, not by gRPC, which would not tell whose they are.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>

#include "dnsd/base/status.h"
#include "dnsd/server/control_actions.h"
#include "dnsd/server/local_callers.h"
#include "dnsd/server/sockets.h"

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
  absl::Status Bind();
  void TakeConnections();

  const std::string path_;
  Fd listening_;
  Fd stop_;          // an eventfd
  ino_t inode_ = 0;  // of the path, once bound
  LocalCallers callers_;
  std::unique_ptr<ControlCommands> commands_;
  std::unique_ptr<grpc::Server> server_;
  std::thread taker_;
};

}  // namespace dnsd::server

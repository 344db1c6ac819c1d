// What dnsdctl talks to: a gRPC server on a Unix socket, with threads of its own, so that a request
// that waits holds up no reporter. Who may open the socket may do all: owner and group (0660).
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/base/status.h"
#include "dnsd/fleet/order.h"
#include "dnsd/server/events.h"

namespace grpc {
class Server;
}

namespace dnsd::server {

class ControlSocket {
 public:
  // What it is asked to do; called on its threads, several at a time.
  struct Actions {
    std::function<std::string()> status_json;
    // Controller::SetOrder.
    std::function<absl::StatusOr<std::vector<std::string>>(const std::vector<std::string>& patterns,
                                                           const fleet::OrderChange& change)>
        order;
    // Waits until orders are stored; why they are not, or empty.
    std::function<std::string()> stored;
    // Reloader::Await.
    std::function<absl::StatusOr<std::vector<std::string>>(
        const std::function<bool()>& is_cancelled)>
        reload;
    const Events* events = nullptr;
  };

  ControlSocket(std::string path, Actions actions);
  ~ControlSocket();  // stops
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // Binds and serves. Unavailable: another process answers there, or it cannot be bound.
  absl::Status Start();
  // Waits for the actions under way.
  void Stop();

  const std::string& path() const { return path_; }

 private:
  class Service;

  const std::string path_;
  ino_t inode_ = 0;  // of the socket, once bound
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace dnsd::server

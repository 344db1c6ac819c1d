// The connection to a running dnsd: each call waits for its answer.
#pragma once

#include <grpcpp/security/credentials.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ctl/options.h"
#include "dnsd/base/status.h"
#include "proto/control.grpc.pb.h"

namespace dnsd::ctl {

// Errors tell what was found and what to do; Unavailable: nobody answers on the socket.
class Client {
 public:
  // InvalidArgument: files that cannot be read, or plain text beyond loopback.
  static absl::StatusOr<Client> Connect(const Options& options);

  absl::StatusOr<nlohmann::json> Status();
  absl::StatusOr<nlohmann::json> Explain(const std::string& name, const std::string& type,
                                         const std::string& client);
  absl::StatusOr<nlohmann::json> History(const std::string& whom, Duration back);
  absl::StatusOr<nlohmann::json> Sites(const std::vector<std::string>& patterns);
  absl::StatusOr<control::v1::OrderReply> Order(const control::v1::OrderRequest& request);
  absl::StatusOr<control::v1::PlacementReply> Placement(
      const control::v1::PlacementRequest& request);
  // Of one zone's file, or (empty) of all: the keys that wait for a restart.
  absl::StatusOr<std::vector<std::string>> Reload(const std::string& zone);
  absl::Status SetLogLevel(const std::string& level);
  // Calls `take` with each event as it comes, after `past` of those that are over; returns once
  // that says false, or dnsd has ended.
  absl::Status Watch(unsigned past, const std::function<bool(const nlohmann::json&)>& take);

 private:
  Client(std::string socket, std::string server, std::string token);
  void Open(const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& how);
  // Calls within `patience`.
  template <typename Request, typename Reply, typename Method>
  grpc::Status Call(Method method, const Request& request, Reply& reply,
                    std::chrono::seconds patience = std::chrono::seconds(10)) const;
  void ShowToken(grpc::ClientContext& context) const;
  absl::Status Explained(const grpc::Status& status) const;

  std::string socket_;  // a path; empty: a server elsewhere
  std::string server_;
  std::string token_;  // empty: none
  std::unique_ptr<control::v1::ControlService::Stub> stub_;
};

}  // namespace dnsd::ctl

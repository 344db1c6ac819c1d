// The connection to a running dnsd: each call waits for its answer.
#pragma once

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
  explicit Client(const std::string& socket);

  absl::StatusOr<nlohmann::json> Status();
  absl::StatusOr<control::v1::OrderReply> Order(const control::v1::OrderRequest& request);
  // The keys that wait for a restart.
  absl::StatusOr<std::vector<std::string>> Reload();
  absl::Status SetLogLevel(const std::string& level);
  // Calls `take` with each event as it comes, after `past` of those that are over; returns once
  // that says false, or dnsd has ended.
  absl::Status Watch(unsigned past, const std::function<bool(const nlohmann::json&)>& take);

 private:
  absl::Status Explained(const grpc::Status& status) const;

  const std::string socket_;
  std::unique_ptr<control::v1::ControlService::Stub> stub_;
};

}  // namespace dnsd::ctl

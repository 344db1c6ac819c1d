// dnsdctl's requests as gRPC brings them: checked, and carried out by the actions.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "dnsd/server/caller.h"
#include "dnsd/server/control_actions.h"
#include "dnsd/server/warning_limit.h"
#include "proto/control.grpc.pb.h"

namespace grpc {
class ServerBuilder;
}

namespace dnsd::server {

// Of one server. Several requests at a time.
class ControlCommands final : public control::v1::ControlService::Service {
 public:
  // `identify` tells whose each request is.
  ControlCommands(ControlActions actions, IdentifyCaller identify);

  // Has the server take these requests, within bounds of memory, threads and connections.
  void AddTo(grpc::ServerBuilder& builder);

  grpc::Status Status(grpc::ServerContext* context, const control::v1::StatusRequest*,
                      control::v1::StatusReply* reply) override;
  grpc::Status Order(grpc::ServerContext* context, const control::v1::OrderRequest* request,
                     control::v1::OrderReply* reply) override;
  grpc::Status Reload(grpc::ServerContext* context, const control::v1::ReloadRequest* request,
                      control::v1::ReloadReply* reply) override;
  grpc::Status SetLogLevel(grpc::ServerContext* context,
                           const control::v1::SetLogLevelRequest* request,
                           control::v1::SetLogLevelReply*) override;
  grpc::Status Explain(grpc::ServerContext* context, const control::v1::ExplainRequest* request,
                       control::v1::ExplainReply* reply) override;
  grpc::Status Sites(grpc::ServerContext* context, const control::v1::SitesRequest* request,
                     control::v1::SitesReply* reply) override;
  grpc::Status Watch(grpc::ServerContext* context, const control::v1::WatchRequest* request,
                     grpc::ServerWriter<control::v1::WatchReply>* out) override;
  grpc::Status Placement(grpc::ServerContext* context, const control::v1::PlacementRequest* request,
                         control::v1::PlacementReply* reply) override;
  grpc::Status History(grpc::ServerContext* context, const control::v1::HistoryRequest* request,
                       control::v1::HistoryReply* reply) override;

 private:
  // Whether it may look, or order `what` too; who it is.
  grpc::Status MayLook(const grpc::ServerContext& context);
  grpc::Status MayOrder(const grpc::ServerContext& context, const char* what, std::string& who);
  void LogRefusal(const std::string& what);

  const ControlActions actions_;
  const IdentifyCaller identify_;
  WarningLimit refusals_{10, std::chrono::seconds(10)};
  std::atomic<int> watchers_{0};
};

}  // namespace dnsd::server

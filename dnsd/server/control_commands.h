// dnsdctl's requests as gRPC brings them: checked, and carried out by the actions.
#pragma once

#include <atomic>
#include <string>

#include "dnsd/server/control_actions.h"
#include "proto/control.grpc.pb.h"

namespace grpc {
class ServerBuilder;
}

namespace dnsd::server {

// Of one server. Several requests at a time.
class ControlCommands final : public control::v1::ControlService::Service {
 public:
  // `token`: what every caller must show ("authorization: Bearer TOKEN"); empty: nothing.
  ControlCommands(ControlActions actions, const std::string& token);

  // Has the server take these requests, within its bounds of memory and threads.
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
  grpc::Status Allow(const grpc::ServerContext& context) const;

  const ControlActions actions_;
  const std::string token_digest_;  // empty: everybody may
  std::atomic<int> watchers_{0};
};

}  // namespace dnsd::server

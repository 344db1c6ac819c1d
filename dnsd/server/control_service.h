// Where reporters stream their heartbeats to: a gRPC server on the callback API, so that thousands
// of streams cost no thread each.
//
//   reporter ==stream==> ReporterStream --checked, in our types--> fleet::Inbox
//            <==========       <--Send-- control loop (DirectiveSink)
//
// A message is checked before anything of it gets further: heartbeat_reader.h for its values,
// reporter_grants.h for who says so. What the fleet alone can judge (sequences, rivals) it judges.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/server/config.h"
#include "dnsd/server/heartbeat_faults.h"
#include "dnsd/server/reporter_grants.h"
#include "dnsd/server/reporter_stream.h"
#include "dnsd/server/warning_limit.h"
#include "proto/heartbeat.grpc.pb.h"

namespace dnsd::server {

// Takes gRPC's own messages into our log: handshakes that fail as warnings, within limits, since a
// reporter with the wrong certificate gets no further than that; all else for debugging.
void RouteGrpcLog();

struct ControlLimits {
  Duration hello = std::chrono::seconds(10);    // from the opening of a stream to its Hello
  Duration silence = std::chrono::minutes(10);  // between two messages, whatever the interval
  std::size_t streams = 20'000;
  // Of one IPv4 address or IPv6 /64; loopback ones are not limited by it.
  std::size_t streams_per_peer = 1'000;
  std::size_t without_hello = 1'000;  // that have not said Hello yet
};

class ControlService final : public fleet::DirectiveSink, private StreamHost {
 public:
  // Borrows `inbox`. `config.listen` must be set.
  ControlService(const HeartbeatConfig& config, fleet::Inbox& inbox, ControlLimits limits = {});
  ~ControlService() override;  // stops

  // Binds and serves. Unavailable: the address cannot be bound; InvalidArgument: the TLS files.
  absl::Status Start();
  // Ends every stream and returns once no thread of gRPC is in here. Once only.
  void Stop();

  // Where it is bound; valid once started.
  const Endpoint& bound() const { return bound_; }

  // fleet::DirectiveSink; any thread.
  void Send(fleet::StreamId stream, fleet::Directive directive) override;

  // New grants, any thread. Every open stream is closed, to prove itself again, if they differ.
  void SetGrants(std::vector<ReporterGrant> grants);

  const HeartbeatFaults& faults() const { return faults_; }
  std::size_t stream_count() const;

 private:
  class Service;

  ReporterStream* Open(grpc::CallbackServerContext& context);
  std::shared_ptr<grpc::ServerCredentials> Credentials() const;
  void CloseAll(const grpc::Status& status);
  void Sweep();

  // StreamHost.
  fleet::Inbox& inbox() override { return inbox_; }
  HeartbeatFaults& fault_counts() override { return faults_; }
  std::shared_ptr<const ReporterGrants> grants() const override;
  void Warn(const std::string& what) override;
  void Spoke() override;
  void Closed(ReporterStream* stream) override;

  const HeartbeatConfig config_;
  const ControlLimits limits_;
  fleet::Inbox& inbox_;
  HeartbeatFaults faults_;
  WarningLimit warnings_{20, std::chrono::seconds(1)};
  Endpoint bound_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::thread sweeper_;

  mutable std::mutex mutex_;  // guards what follows; taken before a stream's own, never after
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<ReporterGrant> granted_;
  std::shared_ptr<const ReporterGrants> grants_;
  fleet::StreamId last_id_ = fleet::kNoStream;
  std::unordered_map<fleet::StreamId, ReporterStream*> streams_;
  std::size_t without_hello_ = 0;
  std::unordered_map<std::string, std::size_t> streams_of_;  // by PeerKey
};

}  // namespace dnsd::server

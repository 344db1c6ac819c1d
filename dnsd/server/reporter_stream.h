// One reporter's stream: its messages checked and put into the inbox, its directives written.
//
//   opened ──Hello that is in order──> speaking ──Leaving, end, or a fault──> closing ──> done
//      └──anything else, or silence──────────────────────────────────────────────^
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/fleet/directive.h"
#include "dnsd/fleet/inbox.h"
#include "dnsd/server/heartbeat_faults.h"
#include "dnsd/server/heartbeat_reader.h"
#include "dnsd/server/reporter_grants.h"
#include "proto/heartbeat.grpc.pb.h"

namespace dnsd::server {

class ReporterStream;

// What a stream needs of the service it belongs to. Any thread.
class StreamHost {
 public:
  virtual ~StreamHost() = default;
  virtual fleet::Inbox& inbox() = 0;
  virtual HeartbeatFaults& fault_counts() = 0;
  virtual std::shared_ptr<const ReporterGrants> grants() const = 0;
  virtual void Warn(const std::string& what) = 0;   // to the log, within limits
  virtual void Spoke() = 0;                         // a stream's Hello was taken in
  virtual void Closed(ReporterStream* stream) = 0;  // the stream's last call before it is gone
};

// Lives from the opening of the stream until gRPC is done with it, and then deletes itself. gRPC
// calls the On... methods, one read's after another; the public ones are for any thread.
class ReporterStream final
    : public grpc::ServerBidiReactor<heartbeat::v1::ReporterMessage, heartbeat::v1::DnsdMessage> {
 public:
  // Borrows `host` and gRPC's `context`.
  ReporterStream(StreamHost& host, fleet::StreamId id, grpc::CallbackServerContext& context,
                 MonotonicTime now);

  fleet::StreamId id() const { return id_; }
  const std::string& peer() const { return peer_; }  // its address, the port left out
  bool speaks() const;                               // its Hello was taken in

  void Send(fleet::Directive directive);
  // Writes a Refusal with the reason, then closes; counts and logs it.
  void Refuse(HeartbeatFault fault, const absl::Status& why);
  // Closes without a word, once what waits has been written.
  void Close(const grpc::Status& status);
  // Closes if no Hello has come for `hello`, or nothing at all for `silence`; breaks off if the
  // reporter does not read what it is sent.
  void CloseIfSilent(MonotonicTime now, Duration hello, Duration silence);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  void Take(MonotonicTime now);
  void TakeHello(const heartbeat::v1::Hello& in, MonotonicTime now);
  void TakeHeartbeat(const heartbeat::v1::Heartbeat& in, MonotonicTime now);
  absl::Status Identify(const std::string& token);
  bool TakesHosting(const heartbeat::v1::Heartbeat& in, bool is_hello);
  Duration CheckInterval(std::uint32_t interval_ms, Findings& findings);
  void LeaveOutSitesNotGranted(fleet::Heartbeat& beat, Findings& findings);
  void LogFindings(const Findings& findings);
  void Enqueue(const fleet::Directive& directive);
  void Pump();

  StreamHost& host_;
  grpc::CallbackServerContext& context_;
  const fleet::StreamId id_;
  const std::string peer_;

  // Touched by the reads alone.
  heartbeat::v1::ReporterMessage in_;
  std::shared_ptr<const ReporterGrants> grants_;  // owns *grant_
  const ReporterGrant* grant_ = nullptr;
  std::string node_;
  MonotonicTime warned_;

  mutable std::mutex mutex_;  // guards what follows
  bool speaks_ = false;
  MonotonicTime heard_;                             // the last message, or the opening
  std::vector<std::string> hello_warnings_;         // go out with Accepted
  std::optional<Duration> hello_interval_;          // to be set after Accepted
  std::deque<heartbeat::v1::DnsdMessage> waiting_;  // to be written
  heartbeat::v1::DnsdMessage out_;                  // being written
  bool writing_ = false;
  std::optional<grpc::Status> closing_;  // with this, once all is written
  bool finished_ = false;                // no operation may start any more
};

}  // namespace dnsd::server

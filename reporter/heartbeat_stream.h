// One gRPC stream to a dnsd, from its connection to its end.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "proto/heartbeat.grpc.pb.h"
#include "reporter/event_loop.h"

namespace dnsd::reporter {

using heartbeat::v1::DnsdMessage;
using heartbeat::v1::HeartbeatService;
using heartbeat::v1::ReporterMessage;

// How the channel is secured.
struct ChannelSecurity {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string server_name;  // expected in the certificate; empty: the host we connect to
};

// gRPC's threads only post to the mailbox; everything else, the listener's calls too, happens in
// the loop. It owns itself: it lives until gRPC is done with it, and calls nobody once it has been
// let go. The mailbox must outlive it.
class HeartbeatStream : private grpc::ClientBidiReactor<ReporterMessage, DnsdMessage> {
 public:
  class Listener {
   public:
    virtual void OnMessage(const DnsdMessage& message) = 0;
    // The last Write has been taken; the next may follow.
    virtual void OnWritten() = 0;
    // The stream has ended, and is gone when this returns.
    virtual void OnEnded(const grpc::Status& status) = 0;

   protected:
    ~Listener() = default;
  };

  // Connects a channel of its own: an attempt a stream, its pace the caller's. `target` as gRPC
  // takes it.
  static HeartbeatStream* Open(const std::string& target, const ChannelSecurity& security,
                               Mailbox& mailbox, Listener& listener);

  // One at a time, and none after WriteLast. Of a stream that is ending nothing comes of it.
  void Write(ReporterMessage message);
  void WriteLast(ReporterMessage message);
  // Ends it soon; OnEnded follows.
  void Cancel() { context_.TryCancel(); }
  // Ends it, and the listener hears nothing more.
  void LetGo();

 private:
  HeartbeatStream(Mailbox& mailbox, Listener& listener) : mailbox_(mailbox), listener_(&listener) {
    mailbox_.AddPoster();
  }
  ~HeartbeatStream() override { mailbox_.RemovePoster(); }

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  void HandleRead(bool ok);

  Mailbox& mailbox_;
  Listener* listener_;   // null once let go
  bool ending_ = false;  // our hold is gone: gRPC may free the call at any moment
  std::unique_ptr<HeartbeatService::Stub> stub_;
  grpc::ClientContext context_;
  ReporterMessage outgoing_;  // gRPC's while it is being written
  DnsdMessage incoming_;      // gRPC's while it is being read
};

}  // namespace dnsd::reporter

#include "reporter/heartbeat_stream.h"

#include <utility>

namespace dnsd::reporter {
namespace {

// Unacknowledged octets end the connection after this (TCP_USER_TIMEOUT, which gRPC sets from it):
// a dnsd whose machine is gone is noticed though nothing comes back from it.
constexpr int kSilenceMs = 5'000;
// HTTP/2 pings come less often than any server forbids by default; heartbeats do their work.
constexpr int kPingIntervalMs = 310'000;
constexpr int kConnectTimeoutMs = 5'000;

grpc::ChannelArguments ChannelArguments(const std::string& server_name) {
  grpc::ChannelArguments arguments;
  if (!server_name.empty()) arguments.SetSslTargetNameOverride(server_name);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kSilenceMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // no memory of earlier attempts
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a proxy of the environment is not for us
  // What we have no use for, and would pay for at every message.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return arguments;
}

}  // namespace

HeartbeatStream* HeartbeatStream::Open(const std::string& target, const ChannelSecurity& security,
                                       Mailbox& mailbox, Listener& listener) {
  auto* stream = new HeartbeatStream(mailbox, listener);
  stream->stub_ = HeartbeatService::NewStub(grpc::CreateCustomChannel(
      target, security.credentials, ChannelArguments(security.server_name)));
  stream->stub_->async()->Report(&stream->context_, stream);
  stream->AddHold();  // the loop's, which reads and writes outside gRPC's callbacks
  stream->StartRead(&stream->incoming_);
  stream->StartCall();
  return stream;
}

void HeartbeatStream::Write(ReporterMessage message) {
  if (ending_) return;
  outgoing_ = std::move(message);
  StartWrite(&outgoing_);
}

void HeartbeatStream::WriteLast(ReporterMessage message) {
  if (ending_) return;
  outgoing_ = std::move(message);
  StartWriteLast(&outgoing_, grpc::WriteOptions());
}

void HeartbeatStream::LetGo() {
  listener_ = nullptr;
  context_.TryCancel();  // the read under way fails, which gives up our hold
}

void HeartbeatStream::OnReadDone(bool ok) {
  mailbox_.Post([this, ok] { HandleRead(ok); });
}

void HeartbeatStream::HandleRead(bool ok) {
  if (!ok) {  // no more to come: OnDone follows
    ending_ = true;
    return RemoveHold();
  }
  const DnsdMessage message = std::move(incoming_);
  StartRead(&incoming_);
  if (listener_ != nullptr) listener_->OnMessage(message);
}

void HeartbeatStream::OnWriteDone(bool ok) {
  if (!ok) return;  // the read fails as well, and tells
  mailbox_.Post([this] {
    if (listener_ != nullptr) listener_->OnWritten();
  });
}

void HeartbeatStream::OnDone(const grpc::Status& status) {
  mailbox_.Post([this, status] {
    if (listener_ != nullptr) listener_->OnEnded(status);
    delete this;
  });
}

}  // namespace dnsd::reporter

#include "dnsd/server/control_remote.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <string>
#include <utility>

#include "dnsd/server/control_commands.h"
#include "dnsd/server/grpc_port.h"

namespace dnsd::server {
namespace {

constexpr auto kShutdownTime = std::chrono::seconds(1);
// Connections that only take descriptors: without a handshake, and without a request.
constexpr int kHandshakeTimeoutMs = 10'000;
constexpr int kIdleConnectionMs = 60'000;
constexpr int kMostStreamsPerConnection = 32;

}  // namespace

ControlRemote::ControlRemote(const RemoteControlConfig& config, ControlActions actions)
    : config_(config),
      commands_(std::make_unique<ControlCommands>(std::move(actions), config.token)) {}

ControlRemote::~ControlRemote() { Stop(); }

absl::Status ControlRemote::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(
      config_.listen->ToString(),
      CredentialsOf(config_.tls, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY),
      &port);
  commands_->AddTo(builder);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two dnsd must not share it
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleConnectionMs);
  server_ = builder.BuildAndStart();
  if (server_ != nullptr && port != 0) {
    bound_ = {config_.listen->address, static_cast<std::uint16_t>(port)};
    return absl::OkStatus();
  }
  return PortError("be commanded", *config_.listen, "control.tls", config_.tls);
}

void ControlRemote::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  server_->Wait();
  server_.reset();
}

}  // namespace dnsd::server

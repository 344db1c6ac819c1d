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

}  // namespace

ControlRemote::ControlRemote(const RemoteControlConfig& config, ControlActions actions)
    : config_(config),
      callers_(config),
      commands_(std::make_unique<ControlCommands>(std::move(actions),
                                                  [this](const grpc::ServerContext& context) {
                                                    return callers_.Identify(ShownBy(context));
                                                  })) {}

ControlRemote::~ControlRemote() { Stop(); }

absl::Status ControlRemote::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(
      config_.listen->ToString(),
      CredentialsOf(config_.tls, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY),
      &port);
  commands_->AddTo(builder);
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

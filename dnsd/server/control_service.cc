#include "dnsd/server/control_service.h"

#include <grpc/support/log.h>

#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/grpc_port.h"

namespace dnsd::server {
namespace {

namespace v1 = heartbeat::v1;
using namespace std::chrono_literals;

constexpr int kMostMessageSize = 16 * 1024 * 1024;                   // octets
constexpr std::size_t kMostMemory = std::size_t{512} * 1024 * 1024;  // of all streams' buffers
constexpr int kMostStreamsPerConnection = 1000;
constexpr Duration kSweepPeriod = 1s;
constexpr auto kShutdownTime = 2s;

// Who is counted as one peer: an IPv6 user has a whole /64.
std::string PeerKey(const std::string& peer) {
  const auto address = IpAddress::Parse(peer);
  if (!address || address->family() == IpFamily::kV4) return peer;
  return address->Masked(64).ToString();
}

}  // namespace

void RouteGrpcLog() {
  gpr_set_log_function([](gpr_log_func_args* args) {
    static WarningLimit limit(5, 10s);
    const std::string message = args->message;
    std::uint64_t held_back = 0;
    if (message.find("Handshake failed") == std::string::npos) {
      spdlog::debug("grpc: {}", message);
    } else if (limit.Allow(MonotonicClock::now(), held_back)) {
      spdlog::warn("a heartbeat connection: {}", message);
    }
  });
}

// gRPC's side of the service: hands each stream to ControlService.
class ControlService::Service final : public v1::HeartbeatService::CallbackService {
 public:
  explicit Service(ControlService& owner) : owner_(owner) {}

  grpc::ServerBidiReactor<v1::ReporterMessage, v1::DnsdMessage>* Report(
      grpc::CallbackServerContext* context) override {
    return owner_.Open(*context);
  }

 private:
  ControlService& owner_;
};

ControlService::ControlService(const HeartbeatConfig& config, fleet::Inbox& inbox,
                               ControlLimits limits)
    : config_(config),
      limits_(limits),
      inbox_(inbox),
      service_(std::make_unique<Service>(*this)),
      granted_(config.grants),
      grants_(std::make_shared<const ReporterGrants>(config.grants)) {}

ControlService::~ControlService() { Stop(); }

absl::Status ControlService::Start() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(config_.listen->ToString(), Credentials(), &port);
  builder.RegisterService(service_.get());
  LimitPort(builder, {.name = "heartbeats",
                      .message = kMostMessageSize,
                      .memory = kMostMemory,
                      .streams_per_connection = kMostStreamsPerConnection});
  // A heartbeat is small: no ping after each to measure the path.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    return PortError("take heartbeats", *config_.listen, "heartbeat.tls", config_.tls);
  }
  bound_ = {config_.listen->address, static_cast<std::uint16_t>(port)};
  sweeper_ = std::thread([this] { Sweep(); });
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> ControlService::Credentials() const {
  bool tokens = false;
  for (const ReporterGrant& grant : config_.grants) tokens = tokens || !grant.token.empty();
  // Where tokens are an identity too, a certificate is verified if shown, not demanded.
  return CredentialsOf(config_.tls,
                       tokens ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY
                              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
}

void ControlService::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
    CloseAll(grpc::Status(grpc::StatusCode::UNAVAILABLE, "dnsd is stopping"));
  }
  stop_.notify_all();
  if (sweeper_.joinable()) sweeper_.join();
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  server_->Wait();
}

void ControlService::Send(fleet::StreamId stream, fleet::Directive directive) {
  std::lock_guard lock(mutex_);
  const auto at = streams_.find(stream);
  if (at != streams_.end()) at->second->Send(std::move(directive));
}

void ControlService::SetGrants(std::vector<ReporterGrant> grants) {
  std::lock_guard lock(mutex_);
  if (grants == granted_) return;
  granted_ = grants;
  grants_ = std::make_shared<const ReporterGrants>(std::move(grants));
  CloseAll(grpc::Status(grpc::StatusCode::UNAVAILABLE, "grants have changed: say Hello again"));
}

std::size_t ControlService::stream_count() const {
  std::lock_guard lock(mutex_);
  return streams_.size();
}

ReporterStream* ControlService::Open(grpc::CallbackServerContext& context) {
  std::lock_guard lock(mutex_);
  auto* stream = new ReporterStream(*this, ++last_id_, context, MonotonicClock::now());
  const auto address = IpAddress::Parse(stream->peer());
  const bool loopback = address && address->is_loopback();
  streams_.emplace(stream->id(), stream);
  ++without_hello_;
  const std::size_t of_peer = ++streams_of_[PeerKey(stream->peer())];
  if (stopping_) {
    stream->Close(grpc::Status(grpc::StatusCode::UNAVAILABLE, "dnsd is stopping"));
  } else if (streams_.size() > limits_.streams || without_hello_ > limits_.without_hello ||
             (!loopback && of_peer > limits_.streams_per_peer)) {
    stream->Refuse(
        HeartbeatFault::kTooMany,
        absl::ResourceExhaustedError(
            "too many open streams; wanted at most " + std::to_string(limits_.streams_per_peer) +
            " of a peer, " + std::to_string(limits_.without_hello) + " without a Hello and " +
            std::to_string(limits_.streams) + " in all"));
  }
  return stream;
}

void ControlService::Spoke() {
  std::lock_guard lock(mutex_);
  --without_hello_;
}

void ControlService::Closed(ReporterStream* stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream->id());
  if (!stream->speaks()) --without_hello_;
  const auto of_peer = streams_of_.find(PeerKey(stream->peer()));
  if (--of_peer->second == 0) streams_of_.erase(of_peer);
  // When it is dnsd that leaves, nothing follows for the node.
  if (stopping_ || !stream->speaks()) return;
  inbox_.Put({stream->id(), MonotonicClock::now(), fleet::StreamClosed{"its stream has ended"}});
}

void ControlService::Warn(const std::string& what) {
  std::uint64_t held_back = 0;
  if (!warnings_.Allow(MonotonicClock::now(), held_back)) return;
  if (held_back > 0) spdlog::warn("{} warnings on heartbeats were left out", held_back);
  spdlog::warn("{}", what);
}

std::shared_ptr<const ReporterGrants> ControlService::grants() const {
  std::lock_guard lock(mutex_);
  return grants_;
}

// With mutex_ held.
void ControlService::CloseAll(const grpc::Status& status) {
  for (const auto& [id, stream] : streams_) stream->Close(status);
}

void ControlService::Sweep() {
  const Duration period = std::min(kSweepPeriod, limits_.hello / 4);
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, period, [this] { return stopping_; })) {
    const MonotonicTime now = MonotonicClock::now();
    for (const auto& [id, stream] : streams_) {
      stream->CloseIfSilent(now, limits_.hello, limits_.silence);
    }
  }
}

}  // namespace dnsd::server

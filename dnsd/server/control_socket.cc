#include "dnsd/server/control_socket.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/sockets.h"
#include "proto/control.grpc.pb.h"

namespace dnsd::server {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr int kMostMessageSize = 1024 * 1024;  // octets
constexpr int kMostThreads = 8;
constexpr std::size_t kMostReason = 200;  // octets
constexpr auto kLongestOrder = std::chrono::hours(24 * 366);
constexpr auto kShutdownTime = 1s;

grpc::Status Invalid(const std::string& what) { return {grpc::StatusCode::INVALID_ARGUMENT, what}; }

// absl's codes are gRPC's.
grpc::Status StatusOf(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), Message(status)};
}

// Whether somebody takes connections on the socket at `path`.
bool IsTaken(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.get() >= 0 &&
         connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// The order that is asked for, ending so long from now.
grpc::Status ReadOrder(const v1::OrderRequest& request, fleet::Order& order) {
  switch (request.kind()) {
    case v1::OrderRequest::KIND_NONE:
      order.kind = fleet::Order::Kind::kNone;
      break;
    case v1::OrderRequest::KIND_DRAIN:
      order.kind = fleet::Order::Kind::kDrain;
      break;
    case v1::OrderRequest::KIND_DISABLE:
      order.kind = fleet::Order::Kind::kDisable;
      break;
    default:
      return Invalid("kind: found " + std::to_string(request.kind()) +
                     ", wanted NONE, DRAIN or DISABLE");
  }
  if (request.reason().size() > kMostReason) {
    return Invalid("reason: found " + std::to_string(request.reason().size()) +
                   " octets, wanted at most " + std::to_string(kMostReason));
  }
  order.reason = request.reason();
  if (request.for_ms() == 0) return grpc::Status::OK;
  const std::chrono::milliseconds length(static_cast<std::int64_t>(
      std::min<std::uint64_t>(request.for_ms(), std::chrono::milliseconds(kLongestOrder).count())));
  order.end =
      fleet::Order::End{MonotonicClock::now() + length, std::chrono::system_clock::now() + length};
  return grpc::Status::OK;
}

}  // namespace

class ControlSocket::Service final : public v1::ControlService::Service {
 public:
  explicit Service(Actions actions) : actions_(std::move(actions)) {}

  grpc::Status Status(grpc::ServerContext*, const v1::StatusRequest*,
                      v1::StatusReply* reply) override {
    reply->set_json(actions_.status_json());
    return grpc::Status::OK;
  }

  grpc::Status Order(grpc::ServerContext*, const v1::OrderRequest* request,
                     v1::OrderReply* reply) override {
    fleet::Order order;
    if (const grpc::Status read = ReadOrder(*request, order); !read.ok()) return read;
    if (request->nodes().empty()) return Invalid("nodes: found none, wanted names or patterns");
    const auto names = actions_.order({request->nodes().begin(), request->nodes().end()}, order);
    if (!names.ok()) return StatusOf(names.status());
    for (const std::string& name : *names) {
      spdlog::info("node {}: order {}{}{}", name, fleet::NameOf(order.kind),
                   order.reason.empty() ? "" : ": ", order.reason);
      reply->add_nodes(name);
    }
    return grpc::Status::OK;
  }

  grpc::Status Reload(grpc::ServerContext*, const v1::ReloadRequest*,
                      v1::ReloadReply* reply) override {
    const auto restarts = actions_.reload();
    if (!restarts.ok()) return StatusOf(restarts.status());
    for (const std::string& key : *restarts) reply->add_restart_needed_for(key);
    return grpc::Status::OK;
  }

  grpc::Status SetLogLevel(grpc::ServerContext*, const v1::SetLogLevelRequest* request,
                           v1::SetLogLevelReply*) override {
    if (!dnsd::SetLogLevel(request->level())) {
      return Invalid("level: found '" + request->level() +
                     "', wanted debug, info, warning or error");
    }
    spdlog::info("log level {}", request->level());
    return grpc::Status::OK;
  }

 private:
  const Actions actions_;
};

ControlSocket::ControlSocket(std::string path, Actions actions)
    : path_(std::move(path)), service_(std::make_unique<Service>(std::move(actions))) {}

ControlSocket::~ControlSocket() { Stop(); }

absl::Status ControlSocket::Start() {
  if (IsTaken(path_)) {
    return absl::UnavailableError("control.socket " + path_ +
                                  ": another process answers there; stop it, or name another path");
  }
  // What a crash has left. Somebody else's file is not ours to remove.
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0) {
    if (!S_ISSOCK(file.st_mode)) {
      return absl::UnavailableError("control.socket " + path_ + ": found a file that is no socket");
    }
    unlink(path_.c_str());
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + path_, grpc::InsecureServerCredentials());
  builder.RegisterService(service_.get());
  builder.SetMaxReceiveMessageSize(kMostMessageSize);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetResourceQuota(grpc::ResourceQuota("control").SetMaxThreads(kMostThreads));
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || chmod(path_.c_str(), 0660) != 0) {
    return absl::UnavailableError("control.socket " + path_ +
                                  ": cannot be bound: " + std::strerror(errno));
  }
  return absl::OkStatus();
}

void ControlSocket::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  server_->Wait();
  server_.reset();
  unlink(path_.c_str());
}

}  // namespace dnsd::server

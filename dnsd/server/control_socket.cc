#include "dnsd/server/control_socket.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/events_json.h"
#include "dnsd/server/heartbeat_reader.h"
#include "dnsd/server/sockets.h"
#include "proto/control.grpc.pb.h"

namespace dnsd::server {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr int kMostMessageSize = 1024 * 1024;  // octets
constexpr int kMostWatchers = 8;               // each keeps a thread
constexpr int kMostThreads = kMostWatchers + 8;
constexpr Duration kWatchPoll = 200ms;    // for a watcher that is gone
constexpr std::size_t kMostReason = 200;  // octets
constexpr std::size_t kMostName = 255;    // octets
constexpr std::size_t kMostPatterns = 1000;
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

// The change that is asked for; an order with an end ends so long from now.
grpc::Status ReadChange(const v1::OrderRequest& request, fleet::OrderChange& change) {
  using Kind = fleet::Order::Kind;
  switch (request.kind()) {
    case v1::OrderRequest::KIND_DRAIN:
      change.order.kind = Kind::kDrain;
      break;
    case v1::OrderRequest::KIND_DISABLE:
      change.order.kind = Kind::kDisable;
      break;
    case v1::OrderRequest::KIND_UNDRAIN:
      change.taken_back = Kind::kDrain;
      break;
    case v1::OrderRequest::KIND_ENABLE:
      change.taken_back = Kind::kDisable;
      break;
    default:
      return Invalid("kind: found " + std::to_string(request.kind()) +
                     ", wanted DRAIN, UNDRAIN, DISABLE or ENABLE");
  }
  if (request.reason().size() > kMostReason) {
    return Invalid("reason: found " + std::to_string(request.reason().size()) +
                   " octets, wanted at most " + std::to_string(kMostReason));
  }
  const bool takes_back = change.order.kind == Kind::kNone;
  if (takes_back && (!request.reason().empty() || request.for_ms() != 0)) {
    return Invalid("reason, for_ms: only an order has them");
  }
  change.order.reason = OneLine(request.reason());
  if (request.for_ms() == 0) return grpc::Status::OK;
  const auto most = static_cast<std::uint64_t>(std::chrono::milliseconds(kLongestOrder).count());
  const std::chrono::milliseconds length(
      static_cast<std::int64_t>(std::min<std::uint64_t>(request.for_ms(), most)));
  change.order.end =
      fleet::Order::End{MonotonicClock::now() + length, std::chrono::system_clock::now() + length};
  return grpc::Status::OK;
}

grpc::Status ReadPatterns(const v1::OrderRequest& request, std::vector<std::string>& patterns) {
  patterns.assign(request.nodes().begin(), request.nodes().end());
  if (patterns.empty() || patterns.size() > kMostPatterns) {
    return Invalid("nodes: found " + std::to_string(patterns.size()) + ", wanted 1 to " +
                   std::to_string(kMostPatterns) + " names or patterns");
  }
  for (const std::string& pattern : patterns) {
    if (pattern.size() > kMostName) {
      return Invalid("nodes: found a name of " + std::to_string(pattern.size()) +
                     " octets, wanted at most " + std::to_string(kMostName));
    }
  }
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
    fleet::OrderChange change;
    std::vector<std::string> patterns;
    if (const grpc::Status read = ReadChange(*request, change); !read.ok()) return read;
    if (const grpc::Status read = ReadPatterns(*request, patterns); !read.ok()) return read;
    const auto names = actions_.order(patterns, change);
    if (!names.ok()) return StatusOf(names.status());
    for (const std::string& name : *names) reply->add_nodes(name);
    if (names->empty()) return grpc::Status::OK;
    if (const std::string warning = actions_.stored(); !warning.empty()) {
      reply->add_warnings(warning);
    }
    return grpc::Status::OK;
  }

  grpc::Status Reload(grpc::ServerContext* context, const v1::ReloadRequest*,
                      v1::ReloadReply* reply) override {
    const auto restarts = actions_.reload([context] { return context->IsCancelled(); });
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

  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchReply>* out) override {
    const Turn turn(watchers_);
    if (turn.number > kMostWatchers) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              std::to_string(kMostWatchers) + " watch already; end one of them"};
    }
    Events::Some some = actions_.events->Since(0, request->past());
    while (!context->IsCancelled()) {
      for (const Event& event : some.events) {
        v1::WatchReply reply;
        reply.set_json(EventJson(event));
        if (!out->Write(reply)) return grpc::Status::OK;
      }
      some = actions_.events->Await(some.last, kWatchPoll);
    }
    return grpc::Status::OK;
  }

 private:
  // One of those who do the same at a time.
  struct Turn {
    explicit Turn(std::atomic<int>& all) : number(++all), all_(all) {}
    ~Turn() { --all_; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    const int number;

   private:
    std::atomic<int>& all_;
  };

  const Actions actions_;
  std::atomic<int> watchers_{0};
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
  // Until now its mode was the umask's, which rarely lets others write, and so connect.
  if (server_ == nullptr || chmod(path_.c_str(), 0660) != 0 || lstat(path_.c_str(), &file) != 0) {
    return absl::UnavailableError(
        "control.socket " + path_ +
        ": cannot be bound; wanted a path in a folder that exists and that dnsd may write");
  }
  inode_ = file.st_ino;
  return absl::OkStatus();
}

void ControlSocket::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  server_->Wait();
  server_.reset();
  // The path may be another's by now.
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0 && file.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace dnsd::server

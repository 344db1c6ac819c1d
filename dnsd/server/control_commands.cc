#include "dnsd/server/control_commands.h"

#include <grpcpp/grpcpp.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "dnsd/base/log.h"
#include "dnsd/server/events_json.h"
#include "dnsd/server/heartbeat_reader.h"
#include "dnsd/server/placement_json.h"
#include "dnsd/server/reporter_grants.h"

namespace dnsd::server {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr int kMostMessageSize = 1024 * 1024;  // octets
constexpr int kMostWatchers = 8;               // each keeps a thread
constexpr int kMostThreads = kMostWatchers + 8;
constexpr Duration kWatchPoll = 200ms;    // for a watcher that is gone
constexpr std::size_t kMostReason = 200;  // octets
constexpr std::size_t kMostWord = 512;    // octets: a site's name, and a node's
constexpr std::size_t kMostPatterns = 1000;
constexpr auto kLongestOrder = std::chrono::hours(24 * 366);

grpc::Status Invalid(const std::string& what) { return {grpc::StatusCode::INVALID_ARGUMENT, what}; }

// absl's codes are gRPC's.
grpc::Status StatusOf(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), Message(status)};
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
    if (pattern.size() > kMostWord) {
      return Invalid("nodes: found a name of " + std::to_string(pattern.size()) +
                     " octets, wanted at most " + std::to_string(kMostWord));
    }
  }
  return grpc::Status::OK;
}

grpc::Status ReadPlacement(const v1::PlacementRequest& request, PlacementOrder& order) {
  if (request.kind() < v1::PlacementRequest::KIND_PLAN ||
      request.kind() > v1::PlacementRequest::KIND_UNFREEZE) {
    return Invalid("kind: found " + std::to_string(request.kind()) + ", wanted 1 to 9");
  }
  if (request.reason().size() > kMostReason || request.site().size() > kMostWord ||
      request.node().size() > kMostWord) {
    return Invalid("reason, site, node: wanted at most " + std::to_string(kMostReason) + " and " +
                   std::to_string(kMostWord) + " octets");
  }
  order.kind = static_cast<PlacementOrder::Kind>(request.kind() - v1::PlacementRequest::KIND_PLAN);
  order.site = request.site();
  order.node = request.node();
  order.reason = OneLine(request.reason());
  return grpc::Status::OK;
}

// One of those who do the same at a time.
class Turn {
 public:
  explicit Turn(std::atomic<int>& all) : number_(++all), all_(all) {}
  ~Turn() { --all_; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
  std::atomic<int>& all_;
};

}  // namespace

ControlCommands::ControlCommands(ControlActions actions, const std::string& token)
    : actions_(std::move(actions)), token_digest_(token.empty() ? "" : TokenDigest(token)) {}

void ControlCommands::AddTo(grpc::ServerBuilder& builder) {
  builder.RegisterService(this);
  builder.SetMaxReceiveMessageSize(kMostMessageSize);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetResourceQuota(grpc::ResourceQuota("control").SetMaxThreads(kMostThreads));
}

grpc::Status ControlCommands::Allow(const grpc::ServerContext& context) const {
  if (token_digest_.empty()) return grpc::Status::OK;
  static const std::string kBearer = "Bearer ";
  const auto shown = context.client_metadata().find("authorization");
  if (shown == context.client_metadata().end()) {
    return {grpc::StatusCode::UNAUTHENTICATED, "no token; wanted --token-file"};
  }
  std::string token(shown->second.data(), shown->second.size());
  if (token.starts_with(kBearer)) token.erase(0, kBearer.size());
  const std::string digest = TokenDigest(token);
  if (CRYPTO_memcmp(digest.data(), token_digest_.data(), digest.size()) == 0) {
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::UNAUTHENTICATED, "not the token that dnsd has in control.token_file"};
}

grpc::Status ControlCommands::Status(grpc::ServerContext* context, const v1::StatusRequest*,
                                     v1::StatusReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  reply->set_json(actions_.status_json());
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Order(grpc::ServerContext* context, const v1::OrderRequest* request,
                                    v1::OrderReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  fleet::OrderChange change;
  std::vector<std::string> patterns;
  if (const grpc::Status read = ReadChange(*request, change); !read.ok()) return read;
  if (const grpc::Status read = ReadPatterns(*request, patterns); !read.ok()) return read;
  const auto ordered = actions_.order(patterns, change);
  if (!ordered.ok()) return StatusOf(ordered.status());
  for (const std::string& name : ordered->nodes) reply->add_nodes(name);
  for (const SiteKey& key : ordered->sites) reply->add_sites(key.ToString());
  if (ordered->nodes.empty() && ordered->sites.empty()) return grpc::Status::OK;
  if (const std::string warning = actions_.stored(); !warning.empty()) {
    reply->add_warnings(warning);
  }
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Reload(grpc::ServerContext* context, const v1::ReloadRequest* request,
                                     v1::ReloadReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  const auto restarts =
      actions_.reload(request->zone(), [context] { return context->IsCancelled(); });
  if (!restarts.ok()) return StatusOf(restarts.status());
  for (const std::string& key : *restarts) reply->add_handed_over_for(key);
  return grpc::Status::OK;
}

grpc::Status ControlCommands::SetLogLevel(grpc::ServerContext* context,
                                          const v1::SetLogLevelRequest* request,
                                          v1::SetLogLevelReply*) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  if (!dnsd::SetLogLevel(request->level())) {
    return Invalid("level: found '" + request->level() + "', wanted debug, info, warning or error");
  }
  spdlog::info("log level {}", request->level());
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Explain(grpc::ServerContext* context,
                                      const v1::ExplainRequest* request, v1::ExplainReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  auto json = actions_.explain({request->name(), request->type(), request->client()});
  if (!json.ok()) return StatusOf(json.status());
  reply->set_json(*std::move(json));
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Sites(grpc::ServerContext* context, const v1::SitesRequest* request,
                                    v1::SitesReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  reply->set_json(actions_.sites({request->patterns().begin(), request->patterns().end()}));
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                    grpc::ServerWriter<v1::WatchReply>* out) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  const Turn turn(watchers_);
  if (turn.number() > kMostWatchers) {
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

grpc::Status ControlCommands::History(grpc::ServerContext* context,
                                      const v1::HistoryRequest* request, v1::HistoryReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  auto json = actions_.history(request->subject(), request->seconds());
  if (!json.ok()) return StatusOf(json.status());
  reply->set_json(*std::move(json));
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Placement(grpc::ServerContext* context,
                                        const v1::PlacementRequest* request,
                                        v1::PlacementReply* reply) {
  if (const grpc::Status allowed = Allow(*context); !allowed.ok()) return allowed;
  if (request->kind() == v1::PlacementRequest::KIND_STATUS) {
    reply->set_json(actions_.placement());
    return grpc::Status::OK;
  }
  PlacementOrder order;
  if (const grpc::Status read = ReadPlacement(*request, order); !read.ok()) return read;
  const auto answer = actions_.place(order);
  if (!answer.ok()) return StatusOf(answer.status());
  reply->set_json(PlacementJson(*answer));
  if (!answer->changed) return grpc::Status::OK;
  if (const std::string warning = actions_.placement_stored(); !warning.empty()) {
    reply->add_warnings(warning);
  }
  return grpc::Status::OK;
}

}  // namespace dnsd::server

#include "dnsd/server/control_commands.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <utility>
#include <vector>

#include "dnsd/base/log.h"
#include "dnsd/base/printable.h"
#include "dnsd/server/events_json.h"
#include "dnsd/server/grpc_port.h"
#include "dnsd/server/heartbeat_reader.h"
#include "dnsd/server/placement_json.h"

namespace dnsd::server {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr int kMostMessageSize = 1024 * 1024;                       // octets
constexpr std::size_t kMostMemory = std::size_t{64} * 1024 * 1024;  // of all connections' buffers
constexpr int kMostStreamsPerConnection = 32;
constexpr int kMostWatchers = 8;  // each keeps a thread
constexpr int kMostThreads = kMostWatchers + 8;
constexpr Duration kWatchPoll = 200ms;    // for a watcher that is gone
constexpr std::size_t kMostReason = 200;  // octets
constexpr std::size_t kMostWord = 512;    // octets: a site's name, and a node's
constexpr std::size_t kMostPatterns = 1000;
constexpr std::size_t kMostLogged = 20;  // names of one order
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

// "expand www.example. web1 (campaign)"
std::string TextOf(const v1::PlacementRequest& request) {
  std::string text = v1::PlacementRequest::Kind_Name(request.kind());
  text.erase(0, std::string("KIND_").size());
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string* word : {&request.site(), &request.node()}) {
    if (!word->empty()) text += ' ' + Printable(*word);
  }
  return text + (request.reason().empty() ? "" : " (" + OneLine(request.reason()) + ")");
}

// "drain (new disk)", "drain taken back"
std::string TextOf(const fleet::OrderChange& change) {
  const fleet::Order& order = change.order;
  if (order.kind == fleet::Order::Kind::kNone) {
    return std::string(fleet::NameOf(change.taken_back)) + " taken back";
  }
  return fleet::NameOf(order.kind) + (order.reason.empty() ? "" : " (" + order.reason + ")");
}

// "web1, www.example.@web2 and 12 more"
std::string TextOf(const ControlActions::Ordered& ordered) {
  std::vector<std::string> names = ordered.nodes;
  for (const SiteKey& key : ordered.sites) {
    if (names.size() < kMostLogged) names.push_back(key.ToString());
  }
  const std::size_t all = ordered.nodes.size() + ordered.sites.size();
  const std::size_t told = std::min(names.size(), kMostLogged);
  std::string text = told == 0 ? "nothing" : "";
  for (std::size_t i = 0; i < told; ++i) text += (i == 0 ? "" : ", ") + names[i];
  return all == told ? text : text + " and " + std::to_string(all - told) + " more";
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

ControlCommands::ControlCommands(ControlActions actions, IdentifyCaller identify)
    : actions_(std::move(actions)), identify_(std::move(identify)) {}

void ControlCommands::AddTo(grpc::ServerBuilder& builder) {
  builder.RegisterService(this);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  LimitPort(builder, {.name = "control",
                      .message = kMostMessageSize,
                      .memory = kMostMemory,
                      .threads = kMostThreads,
                      .streams_per_connection = kMostStreamsPerConnection});
}

void ControlCommands::LogRefusal(const std::string& what) {
  std::uint64_t held_back = 0;
  if (!refusals_.Allow(MonotonicClock::now(), held_back)) return;
  if (held_back > 0) spdlog::warn("control: {} refusals were left out", held_back);
  spdlog::warn("control: refused: {}", what);
}

grpc::Status ControlCommands::MayLook(const grpc::ServerContext& context) {
  const auto caller = identify_(context);
  if (caller.ok()) return grpc::Status::OK;
  LogRefusal(Message(caller.status()));
  return StatusOf(caller.status());
}

grpc::Status ControlCommands::MayOrder(const grpc::ServerContext& context, const char* what,
                                       std::string& who) {
  const auto caller = identify_(context);
  absl::Status status = caller.status();
  if (status.ok() && caller->may_order) {
    who = caller->who;
    return grpc::Status::OK;
  }
  if (status.ok()) {
    status = absl::PermissionDeniedError(caller->who + " may look, not " + what +
                                         "; dnsd's control.names lists who may");
  }
  LogRefusal(Message(status));
  return StatusOf(status);
}

grpc::Status ControlCommands::Status(grpc::ServerContext* context, const v1::StatusRequest*,
                                     v1::StatusReply* reply) {
  if (const grpc::Status allowed = MayLook(*context); !allowed.ok()) return allowed;
  reply->set_json(actions_.status_json());
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Order(grpc::ServerContext* context, const v1::OrderRequest* request,
                                    v1::OrderReply* reply) {
  std::string who;
  if (const grpc::Status allowed = MayOrder(*context, "order", who); !allowed.ok()) return allowed;
  fleet::OrderChange change;
  std::vector<std::string> patterns;
  if (const grpc::Status read = ReadChange(*request, change); !read.ok()) return read;
  if (const grpc::Status read = ReadPatterns(*request, patterns); !read.ok()) return read;
  const auto ordered = actions_.order(patterns, change);
  if (!ordered.ok()) return StatusOf(ordered.status());
  spdlog::info("order: {}, of {}: {}", TextOf(change), TextOf(*ordered), who);
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
  std::string who;
  if (const grpc::Status allowed = MayOrder(*context, "reload", who); !allowed.ok()) return allowed;
  spdlog::info("order: reload {}: {}", Printable(request->zone()), who);
  const auto restarts =
      actions_.reload(request->zone(), [context] { return context->IsCancelled(); });
  if (!restarts.ok()) return StatusOf(restarts.status());
  for (const std::string& key : *restarts) reply->add_handed_over_for(key);
  return grpc::Status::OK;
}

grpc::Status ControlCommands::SetLogLevel(grpc::ServerContext* context,
                                          const v1::SetLogLevelRequest* request,
                                          v1::SetLogLevelReply*) {
  std::string who;
  if (const grpc::Status allowed = MayOrder(*context, "set the log level", who); !allowed.ok())
    return allowed;
  if (!dnsd::SetLogLevel(request->level())) {
    return Invalid("level: found '" + request->level() + "', wanted debug, info, warning or error");
  }
  spdlog::info("order: log level {}: {}", request->level(), who);
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Explain(grpc::ServerContext* context,
                                      const v1::ExplainRequest* request, v1::ExplainReply* reply) {
  if (const grpc::Status allowed = MayLook(*context); !allowed.ok()) return allowed;
  auto json = actions_.explain({request->name(), request->type(), request->client()});
  if (!json.ok()) return StatusOf(json.status());
  reply->set_json(*std::move(json));
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Sites(grpc::ServerContext* context, const v1::SitesRequest* request,
                                    v1::SitesReply* reply) {
  if (const grpc::Status allowed = MayLook(*context); !allowed.ok()) return allowed;
  reply->set_json(actions_.sites({request->patterns().begin(), request->patterns().end()}));
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                    grpc::ServerWriter<v1::WatchReply>* out) {
  if (const grpc::Status allowed = MayLook(*context); !allowed.ok()) return allowed;
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
  if (const grpc::Status allowed = MayLook(*context); !allowed.ok()) return allowed;
  auto json = actions_.history(request->subject(), request->seconds());
  if (!json.ok()) return StatusOf(json.status());
  reply->set_json(*std::move(json));
  return grpc::Status::OK;
}

grpc::Status ControlCommands::Placement(grpc::ServerContext* context,
                                        const v1::PlacementRequest* request,
                                        v1::PlacementReply* reply) {
  const bool looks = request->kind() == v1::PlacementRequest::KIND_STATUS ||
                     request->kind() == v1::PlacementRequest::KIND_PLAN;
  std::string who;
  const grpc::Status allowed =
      looks ? MayLook(*context) : MayOrder(*context, "change the placement", who);
  if (!allowed.ok()) return allowed;
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
  spdlog::info("order: {}: {}", TextOf(*request), who);
  if (const std::string warning = actions_.placement_stored(); !warning.empty()) {
    reply->add_warnings(warning);
  }
  return grpc::Status::OK;
}

}  // namespace dnsd::server

#include "ctl/client.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <limits>

namespace dnsd::ctl {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr auto kPatience = 10s;
constexpr auto kReloadPatience = 10min;  // a million sites on a busy disk

// Calls within `patience`.
template <typename Request, typename Reply, typename Method>
grpc::Status Call(v1::ControlService::Stub& stub, Method method, const Request& request,
                  Reply& reply, std::chrono::system_clock::duration patience = kPatience) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  return (stub.*method)(&context, request, &reply);
}

absl::StatusOr<nlohmann::json> Parse(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return absl::InternalError("dnsd sent what is no JSON");
  return json;
}

}  // namespace

Client::Client(const std::string& socket) : socket_(socket) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());  // 16,384 nodes
  stub_ = v1::ControlService::NewStub(
      grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments));
}

absl::Status Client::Explained(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) {
    return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
  }
  std::string what = "no answer on " + socket_ + ": ";
  if (access(socket_.c_str(), F_OK) != 0) {
    what += "there is no such socket; is dnsd running, with `control: {socket: " + socket_ +
            "}` or --control-socket? --socket names another";
  } else if (access(socket_.c_str(), W_OK) != 0) {
    what += "not permitted; run as root or as a member of the socket's group";
  } else {
    what += status.error_message() + "; is dnsd running?";
  }
  return absl::UnavailableError(what);
}

absl::StatusOr<nlohmann::json> Client::Status() {
  v1::StatusReply reply;
  const auto status = Call(*stub_, &v1::ControlService::Stub::Status, v1::StatusRequest(), reply);
  if (!status.ok()) return Explained(status);
  return Parse(reply.json());
}

absl::Status Client::Watch(unsigned past, const std::function<bool(const nlohmann::json&)>& take) {
  grpc::ClientContext context;
  v1::WatchRequest request;
  request.set_past(past);
  const auto stream = stub_->Watch(&context, request);
  for (v1::WatchReply reply; stream->Read(&reply);) {
    const auto json = Parse(reply.json());
    if (json.ok() && take(*json)) continue;
    context.TryCancel();
    stream->Finish();
    return json.status();
  }
  const grpc::Status status = stream->Finish();
  return status.ok() ? absl::UnavailableError("dnsd is stopping") : Explained(status);
}

absl::StatusOr<v1::OrderReply> Client::Order(const v1::OrderRequest& request) {
  v1::OrderReply reply;
  const auto status = Call(*stub_, &v1::ControlService::Stub::Order, request, reply);
  if (!status.ok()) return Explained(status);
  return reply;
}

absl::StatusOr<std::vector<std::string>> Client::Reload() {
  v1::ReloadReply reply;
  const auto status =
      Call(*stub_, &v1::ControlService::Stub::Reload, v1::ReloadRequest(), reply, kReloadPatience);
  if (!status.ok()) return Explained(status);
  return std::vector<std::string>(reply.restart_needed_for().begin(),
                                  reply.restart_needed_for().end());
}

absl::Status Client::SetLogLevel(const std::string& level) {
  v1::SetLogLevelRequest request;
  request.set_level(level);
  v1::SetLogLevelReply reply;
  return Explained(Call(*stub_, &v1::ControlService::Stub::SetLogLevel, request, reply));
}

}  // namespace dnsd::ctl

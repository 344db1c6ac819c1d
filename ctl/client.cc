#include "ctl/client.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cctype>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include "dnsd/base/ip.h"

namespace dnsd::ctl {
namespace {

namespace v1 = control::v1;
using namespace std::chrono_literals;

constexpr auto kReloadPatience = 10min;  // a million sites on a busy disk

absl::StatusOr<std::string> ReadFile(const char* flag, const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.is_open() && !text.empty()) return text;
  return absl::InvalidArgumentError(std::string(flag) + ": cannot read '" + path +
                                    "', or it is empty");
}

bool IsLoopback(const std::string& server) {
  if (server.starts_with("localhost:")) return true;
  const auto endpoint = Endpoint::Parse(server);
  return endpoint && endpoint->address.is_loopback();
}

// In plain text without a CA.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const Remote& remote) {
  if (remote.ca.empty()) {
    if (IsLoopback(remote.server)) return grpc::InsecureChannelCredentials();
    return absl::InvalidArgumentError(
        "--server " + remote.server +
        " lies beyond loopback: --ca names the file of who signed dnsd's certificate");
  }
  const auto ca = ReadFile("--ca", remote.ca);
  if (!ca.ok()) return ca.status();
  const auto certificate = ReadFile("--cert", remote.certificate);
  if (!certificate.ok()) return certificate.status();
  const auto key = ReadFile("--key", remote.key);
  if (!key.ok()) return key.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *ca;
  options.pem_cert_chain = *certificate;
  options.pem_private_key = *key;
  return grpc::SslCredentials(options);
}

// The file's text without white space around it.
absl::StatusOr<std::string> ReadToken(const std::string& path) {
  auto text = ReadFile("--token-file", path);
  if (!text.ok()) return text.status();
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text->empty() && is_space(text->back())) text->pop_back();
  while (!text->empty() && is_space(text->front())) text->erase(0, 1);
  return text;
}

absl::StatusOr<nlohmann::json> Parse(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return absl::InternalError("dnsd sent what is no JSON");
  return json;
}

}  // namespace

Client::Client(std::string socket, std::string server, std::string token)
    : socket_(std::move(socket)), server_(std::move(server)), token_(std::move(token)) {}

absl::StatusOr<Client> Client::Connect(const Options& options) {
  const Remote& remote = options.remote;
  if (remote.server.empty()) {
    Client client(options.socket, "", "");
    client.Open("unix:" + options.socket, grpc::InsecureChannelCredentials());
    return client;
  }
  const auto credentials = CredentialsOf(remote);
  if (!credentials.ok()) return credentials.status();
  auto token = ReadToken(remote.token_file);
  if (!token.ok()) return token.status();
  Client client("", remote.server, *std::move(token));
  client.Open(remote.server, *credentials);
  return client;
}

void Client::Open(const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& how) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(std::numeric_limits<int>::max());  // 16,384 nodes
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // a proxy of the environment is not for us
  stub_ = v1::ControlService::NewStub(grpc::CreateCustomChannel(target, how, arguments));
}

template <typename Request, typename Reply, typename Method>
grpc::Status Client::Call(Method method, const Request& request, Reply& reply,
                          std::chrono::seconds patience) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  ShowToken(context);
  return (*stub_.*method)(&context, request, &reply);
}

void Client::ShowToken(grpc::ClientContext& context) const {
  if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
}

absl::Status Client::Explained(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) {
    return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
  }
  std::string what = "no answer on " + (socket_.empty() ? server_ : socket_) + ": ";
  if (socket_.empty()) {
    what += status.error_message() +
            "; is dnsd running there with control.listen, and do --ca, --cert and --key fit it?";
  } else if (access(socket_.c_str(), F_OK) != 0) {
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
  const auto status = Call(&v1::ControlService::Stub::Status, v1::StatusRequest(), reply);
  if (!status.ok()) return Explained(status);
  return Parse(reply.json());
}

absl::Status Client::Watch(unsigned past, const std::function<bool(const nlohmann::json&)>& take) {
  grpc::ClientContext context;
  ShowToken(context);
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

absl::StatusOr<v1::PlacementReply> Client::Placement(const v1::PlacementRequest& request) {
  v1::PlacementReply reply;
  const auto status = Call(&v1::ControlService::Stub::Placement, request, reply);
  if (!status.ok()) return Explained(status);
  return reply;
}

absl::StatusOr<nlohmann::json> Client::Explain(const std::string& name, const std::string& type,
                                               const std::string& client) {
  v1::ExplainRequest request;
  request.set_name(name);
  request.set_type(type);
  request.set_client(client);
  v1::ExplainReply reply;
  const auto status = Call(&v1::ControlService::Stub::Explain, request, reply);
  if (!status.ok()) return Explained(status);
  return Parse(reply.json());
}

absl::StatusOr<nlohmann::json> Client::History(const std::string& whom, Duration back) {
  v1::HistoryRequest request;
  request.set_subject(whom);
  request.set_seconds(
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(back).count()));
  v1::HistoryReply reply;
  const auto status = Call(&v1::ControlService::Stub::History, request, reply);
  if (!status.ok()) return Explained(status);
  return Parse(reply.json());
}

absl::StatusOr<nlohmann::json> Client::Sites(const std::vector<std::string>& patterns) {
  v1::SitesRequest request;
  for (const std::string& pattern : patterns) request.add_patterns(pattern);
  v1::SitesReply reply;
  const auto status = Call(&v1::ControlService::Stub::Sites, request, reply);
  if (!status.ok()) return Explained(status);
  return Parse(reply.json());
}

absl::StatusOr<v1::OrderReply> Client::Order(const v1::OrderRequest& request) {
  v1::OrderReply reply;
  const auto status = Call(&v1::ControlService::Stub::Order, request, reply);
  if (!status.ok()) return Explained(status);
  return reply;
}

absl::StatusOr<std::vector<std::string>> Client::Reload(const std::string& zone) {
  v1::ReloadRequest request;
  request.set_zone(zone);
  v1::ReloadReply reply;
  const auto status = Call(&v1::ControlService::Stub::Reload, request, reply, kReloadPatience);
  if (!status.ok()) return Explained(status);
  return std::vector<std::string>(reply.handed_over_for().begin(), reply.handed_over_for().end());
}

absl::Status Client::SetLogLevel(const std::string& level) {
  v1::SetLogLevelRequest request;
  request.set_level(level);
  v1::SetLogLevelReply reply;
  return Explained(Call(&v1::ControlService::Stub::SetLogLevel, request, reply));
}

}  // namespace dnsd::ctl

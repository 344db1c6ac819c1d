// A dnsd that only listens: takes reporters' streams and prints each message as a line of JSON.
//
//   heartbeat_sink [ADDR:PORT]      default 127.0.0.1:0; the first line says {"port": N}
//
// Lines on standard input are orders to all streams: "interval MS", "resend", "refuse WHY", "tasks
// JSON" with a Tasks message as JSON. The last tasks are told to each stream that begins as well.
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <iostream>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "proto/heartbeat.grpc.pb.h"

namespace {

using dnsd::heartbeat::v1::DnsdMessage;
using dnsd::heartbeat::v1::HeartbeatService;
using dnsd::heartbeat::v1::ReporterMessage;
using Stream = grpc::ServerReaderWriter<DnsdMessage, ReporterMessage>;

class Sink : public HeartbeatService::Service {
 public:
  grpc::Status Report(grpc::ServerContext*, Stream* stream) override {
    ReporterMessage message;
    while (stream->Read(&message)) {
      const std::lock_guard lock(mutex_);
      Print(message);
      if (message.has_hello()) Accept(*stream);
      if (message.has_leaving() || refusing_) break;
    }
    const std::lock_guard lock(mutex_);
    streams_.erase(stream);
    std::cout << R"({"ended": true})" << std::endl;
    return grpc::Status::OK;
  }

  void Obey(const std::string& order) {
    const std::size_t space = order.find(' ');
    const std::string argument = space == std::string::npos ? "" : order.substr(space + 1);
    DnsdMessage message;
    if (order.starts_with("interval ")) {
      message.mutable_set_interval()->set_interval_ms(
          static_cast<std::uint32_t>(std::stoul(argument)));
    } else if (order == "resend") {
      message.mutable_resend_full()->set_reason("asked to");
    } else if (order.starts_with("tasks ")) {
      if (!google::protobuf::util::JsonStringToMessage(argument, message.mutable_tasks()).ok()) {
        std::cerr << "heartbeat_sink: no tasks: " << argument << std::endl;
        return;
      }
    } else if (order.starts_with("refuse ")) {
      message.mutable_refusal()->set_reason(argument);
    }
    const std::lock_guard lock(mutex_);
    refusing_ = message.has_refusal();
    if (message.has_tasks()) tasks_ = message;
    for (Stream* stream : streams_) stream->Write(message);
  }

 private:
  static void Print(const ReporterMessage& message) {
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
    std::cout << (status.ok() ? json : R"({"error": "not printable"})") << std::endl;
  }

  void Accept(Stream& stream) {
    streams_.insert(&stream);
    DnsdMessage message;
    message.mutable_accepted()->set_software_version("sink");
    message.mutable_accepted()->add_warnings("nobody answers here");
    stream.Write(message);
    if (tasks_.has_tasks()) stream.Write(tasks_);
  }

  std::mutex mutex_;  // guards all below, and the order of what is printed
  std::set<Stream*> streams_;
  bool refusing_ = false;
  DnsdMessage tasks_;  // told last
};

}  // namespace

int main(int argc, char** argv) {
  Sink sink;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argc > 1 ? argv[1] : "127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&sink);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server || port == 0) {
    std::cerr << "heartbeat_sink: cannot listen\n";
    return 1;
  }
  std::cout << R"({"port": )" << port << "}" << std::endl;
  for (std::string order; std::getline(std::cin, order);) sink.Obey(order);
  server->Shutdown(std::chrono::system_clock::now());
}

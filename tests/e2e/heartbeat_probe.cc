// A reporter that says exactly what it is told, for heartbeats that no real reporter would send.
//
//   heartbeat_probe HOST:PORT < messages
//
// Each line of standard input is a ReporterMessage in protobuf text format, sent as it stands, or
// one of: `wait MILLISECONDS`, `hang` (say nothing more, until killed), `abort` (leave without
// closing the stream). Prints each DnsdMessage as one line of text format, and at the end
// `status CODE message`. Exits 0 if the stream closed with status OK, 1 if not, 2 on usage.
#include <google/protobuf/text_format.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "proto/heartbeat.grpc.pb.h"

namespace {

namespace v1 = dnsd::heartbeat::v1;
using Stream = grpc::ClientReaderWriter<v1::ReporterMessage, v1::DnsdMessage>;

void PrintReplies(Stream& stream) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  v1::DnsdMessage reply;
  while (stream.Read(&reply)) {
    std::string text;
    printer.PrintToString(reply, &text);
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  }
}

// Sends what standard input says; stops early once the stream is closed from the other side.
void SendLines(Stream& stream) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    if (line == "abort") std::_Exit(0);
    if (line == "hang") return;
    if (line.rfind("wait ", 0) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::stol(line.substr(5))));
      continue;
    }
    v1::ReporterMessage message;
    if (!google::protobuf::TextFormat::ParseFromString(line, &message)) {
      std::fprintf(stderr, "heartbeat_probe: not a ReporterMessage: %s\n", line.c_str());
      std::_Exit(2);
    }
    if (!stream.Write(message)) return;
  }
  stream.WritesDone();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: heartbeat_probe HOST:PORT < messages\n");
    return 2;
  }
  const auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
  const auto stub = v1::HeartbeatService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->Report(&context);
  std::thread reader([&stream] { PrintReplies(*stream); });
  SendLines(*stream);
  reader.join();
  const grpc::Status status = stream->Finish();
  std::printf("status %d %s\n", static_cast<int>(status.error_code()),
              status.error_message().c_str());
  return status.ok() ? 0 : 1;
}

// Plays many reporters from one process, so that answers are load-aware without a fleet.
//
//   heartbeat_feeder --dnsd HOST:PORT --first 10.0.0.1 --nodes 1000 [--interval 1s] …
//
// Node i is "node<i>" with the address first + i and a stream of its own, on a connection of its
// own unless --connections makes nodes share. Its load wanders about --load by --spread, so that
// the costs never stand still. Prints "ready" once every node has been accepted, and at the end
// (SIGTERM, SIGINT or --duration) how many heartbeats were sent.
#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"
#include "proto/heartbeat.grpc.pb.h"

namespace {

namespace v1 = dnsd::heartbeat::v1;
using Clock = std::chrono::steady_clock;
using std::chrono::duration;

struct Options {
  std::string dnsd;
  std::string first = "10.0.0.1";
  unsigned nodes = 4;
  unsigned connections = 0;  // 0: one a node
  double interval = 1;       // seconds
  double load = 0.3;         // share of the CPUs
  double spread = 0.05;
  double sessions = 1000;  // new ones a second, each node
  double duration = 0;     // seconds; 0: until a signal
};

// The `i`th address after an IPv4 one.
std::string AddressOctets(const dnsd::IpAddress& first, unsigned i) {
  std::uint32_t number;
  std::memcpy(&number, first.octets().data(), sizeof(number));
  number = htonl(ntohl(number) + i);
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

using Channel = std::shared_ptr<grpc::Channel>;

// Channels that share no connection.
std::vector<Channel> MakeChannels(const Options& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const unsigned count = options.connections > 0 ? options.connections : options.nodes;
  std::vector<Channel> channels;
  for (unsigned i = 0; i < count; ++i) {
    channels.push_back(
        grpc::CreateCustomChannel(options.dnsd, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

// One node's stream. Beat() is for one thread; gRPC calls the rest from its own.
class Node : public grpc::ClientBidiReactor<v1::ReporterMessage, v1::DnsdMessage> {
 public:
  Node(const Options& options, unsigned number, const dnsd::IpAddress& first,
       const Channel& channel)
      : options_(options), number_(number), random_(number + 1), load_(options.load) {
    stub_ = v1::HeartbeatService::NewStub(channel);
    stub_->async()->Report(&context_, this);
    v1::Hello& hello = *message_.mutable_hello();
    hello.set_node("node" + std::to_string(number));
    hello.add_addresses(AddressOctets(first, number));
    hello.set_software_version("heartbeat_feeder");
    hello.set_interval_ms(static_cast<std::uint32_t>(options.interval * 1000));
    hello.set_boot_id(number + 1);
    Fill(*hello.mutable_state());
    hello.mutable_state()->mutable_hosting()->set_kind(v1::Hosting::ALL);
    writing_ = true;
    AddHold();  // Beat() starts operations from outside the reactions
    StartWrite(&message_);
    StartRead(&reply_);
    StartCall();
  }

  // Sends a heartbeat, unless the last one is still under way.
  void Beat() {
    const std::lock_guard lock(mutex_);
    if (writing_ || done_ || !accepted_) return;
    message_.Clear();
    Fill(*message_.mutable_heartbeat());
    writing_ = true;
    ++sent_;
    StartWrite(&message_);
  }

  void End() {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      ended_ = true;
    }
    context_.TryCancel();
    RemoveHold();
  }

  bool accepted() const { return accepted_; }
  bool done() const { return done_; }
  std::uint64_t sent() const { return sent_; }

  void OnWriteDone(bool) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (reply_.has_accepted()) accepted_ = true;
    if (reply_.has_refusal()) {
      std::fprintf(stderr, "heartbeat_feeder: node%u refused: %s\n", number_,
                   reply_.refusal().reason().c_str());
    }
    StartRead(&reply_);
  }

  void OnDone(const grpc::Status&) override { done_ = true; }

 private:
  void Fill(v1::Heartbeat& heartbeat) {
    load_ += options_.spread * (random_.Unit() - 0.5) + 0.1 * (options_.load - load_);
    load_ = std::min(1.0, std::max(0.0, load_));
    heartbeat.set_sequence(++sequence_);
    heartbeat.mutable_node_health()->set_healthy(true);
    v1::Load& load = *heartbeat.mutable_load();
    load.set_cpu_utilization(load_);
    load.set_cpus(8);
    load.set_run_queue(load_ * 8);
    load.set_sps(options_.sessions);
    load.set_rps(options_.sessions);
    load.set_connections(options_.sessions * 0.2);
  }

  const Options& options_;
  const unsigned number_;
  dnsd::Random random_;
  double load_;
  std::uint64_t sequence_ = 0;
  std::unique_ptr<v1::HeartbeatService::Stub> stub_;
  grpc::ClientContext context_;
  v1::ReporterMessage message_;
  v1::DnsdMessage reply_;
  std::mutex mutex_;  // guards writing_, ended_ and message_ between Beat and the reactions
  bool writing_ = false;
  bool ended_ = false;
  std::uint64_t sent_ = 0;
  std::atomic<bool> accepted_ = false;
  std::atomic<bool> done_ = false;
};

std::atomic<bool> stop = false;

// Beats every node once an interval, evenly over it, until told to stop.
void Run(const Options& options, std::vector<std::unique_ptr<Node>>& nodes) {
  const auto start = Clock::now();
  const std::uint64_t look =
      std::max<std::uint64_t>(1, nodes.size() / 50);  // whether all are accepted
  bool ready = false;
  for (std::uint64_t turn = 0; !stop; ++turn) {
    const auto due = start + duration<double>(options.interval * static_cast<double>(turn) /
                                              static_cast<double>(nodes.size()));
    std::this_thread::sleep_until(std::chrono::time_point_cast<Clock::duration>(due));
    nodes[turn % nodes.size()]->Beat();
    if (!ready && turn % look == 0) {
      ready = std::all_of(nodes.begin(), nodes.end(), [](const auto& n) { return n->accepted(); });
      if (ready) {
        std::printf("ready\n");
        std::fflush(stdout);
      }
    }
    const auto elapsed = Clock::now() - start;
    if (options.duration > 0 && elapsed > duration<double>(options.duration)) stop = true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Plays many reporters from one process.");
  Options options;
  const auto seconds =
      CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"ms", 0.001}});
  app.add_option("--dnsd", options.dnsd, "where heartbeats are taken, HOST:PORT")->required();
  app.add_option("--first", options.first, "IPv4 address of the first node")->capture_default_str();
  app.add_option("--nodes", options.nodes)->check(CLI::Range(1, 16000))->capture_default_str();
  app.add_option("--connections", options.connections, "0: one a node")->capture_default_str();
  app.add_option("--interval", options.interval)->transform(seconds)->capture_default_str();
  app.add_option("--load", options.load)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  app.add_option("--spread", options.spread)->check(CLI::Range(0.0, 1.0))->capture_default_str();
  app.add_option("--sessions", options.sessions, "new ones a second of each node")
      ->capture_default_str();
  app.add_option("--duration", options.duration, "0: until a signal")->transform(seconds);
  CLI11_PARSE(app, argc, argv);
  const auto first = dnsd::IpAddress::Parse(options.first);
  if (!first || first->family() != dnsd::IpFamily::kV4) {
    std::fprintf(stderr, "heartbeat_feeder: --first %s: wanted an IPv4 address\n",
                 options.first.c_str());
    return 2;
  }
  for (const int number : {SIGTERM, SIGINT}) {
    signal(number, [](int) { stop = true; });
  }
  const std::vector<Channel> channels = MakeChannels(options);
  std::vector<std::unique_ptr<Node>> nodes;
  for (unsigned i = 0; i < options.nodes; ++i) {
    nodes.push_back(std::make_unique<Node>(options, i, *first, channels[i % channels.size()]));
  }
  Run(options, nodes);
  std::uint64_t sent = 0;
  for (auto& node : nodes) {
    sent += node->sent();
    node->End();
  }
  for (auto& node : nodes) {
    while (!node->done()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::printf("%llu heartbeats of %u nodes\n", static_cast<unsigned long long>(sent),
              options.nodes);
  return 0;
}

// A real server and real clients on loopback.
#include "dnsd/server/control_service.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace dnsd::server {
namespace {

namespace v1 = heartbeat::v1;
using namespace std::chrono_literals;

// A server with an inbox whose events a test can wait for.
class Server {
 public:
  explicit Server(std::vector<ReporterGrant> grants = {}, ControlLimits limits = {})
      : service_(ConfigWith(std::move(grants)), inbox_, limits) {
    EXPECT_TRUE(service_.Start().ok());
  }

  ControlService& operator*() { return service_; }
  ControlService* operator->() { return &service_; }

  // The next event; fails the test after 10 s without one.
  fleet::Event Next() {
    std::unique_lock lock(mutex_);
    while (events_.empty()) {
      for (fleet::Event& event : inbox_.Drain()) events_.push_back(std::move(event));
      if (!events_.empty()) break;
      if (!woken_cv_.wait_for(lock, 10s, [this] { return std::exchange(woken_, false); })) {
        ADD_FAILURE() << "no event came";
        return {};
      }
    }
    fleet::Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  static HeartbeatConfig ConfigWith(std::vector<ReporterGrant> grants) {
    HeartbeatConfig config;
    config.listen = Endpoint::Parse("127.0.0.1:0");
    config.grants = std::move(grants);
    return config;
  }
  void Wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    woken_cv_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable woken_cv_;
  bool woken_ = false;
  std::deque<fleet::Event> events_;
  fleet::Inbox inbox_{[this] { Wake(); }};
  ControlService service_;
};

// One reporter's side of a stream.
class Client {
 public:
  explicit Client(Server& server)
      : stub_(v1::HeartbeatService::NewStub(
            grpc::CreateChannel(server->bound().ToString(), grpc::InsecureChannelCredentials()))) {
    context_.set_deadline(std::chrono::system_clock::now() + 20s);
    stream_ = stub_->Report(&context_);
  }
  ~Client() {
    context_.TryCancel();
    if (!finished_) stream_->Finish();
  }

  void Write(const v1::ReporterMessage& message) { stream_->Write(message); }
  std::optional<v1::DnsdMessage> Read() {
    v1::DnsdMessage message;
    if (!stream_->Read(&message)) return std::nullopt;
    return message;
  }
  grpc::Status Finish() {
    finished_ = true;
    stream_->WritesDone();
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::HeartbeatService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ReporterMessage, v1::DnsdMessage>> stream_;
  bool finished_ = false;
};

v1::ReporterMessage Hello(const std::string& node = "web1") {
  v1::ReporterMessage message;
  message.mutable_hello()->set_node(node);
  message.mutable_hello()->add_addresses(std::string("\x7F\0\1\1", 4));
  message.mutable_hello()->set_interval_ms(1000);
  return message;
}

v1::ReporterMessage Beat(double cpu, std::uint64_t sequence = 1) {
  v1::ReporterMessage message;
  message.mutable_heartbeat()->set_sequence(sequence);
  message.mutable_heartbeat()->mutable_load()->set_cpu_utilization(cpu);
  return message;
}

TEST(ControlService, TakesAHelloAndHeartbeatsInOrder) {
  Server server;
  Client client(server);
  client.Write(Hello());
  client.Write(Beat(0.25, 7));
  const fleet::Event hello = server.Next();
  ASSERT_TRUE(std::holds_alternative<fleet::Hello>(hello.what));
  EXPECT_EQ(std::get<fleet::Hello>(hello.what).node, "web1");
  EXPECT_EQ(std::get<fleet::Hello>(hello.what).addresses.at(0).ToString(), "127.0.1.1");
  EXPECT_EQ(std::get<fleet::Hello>(hello.what).interval, 1s);
  const fleet::Event beat = server.Next();
  ASSERT_TRUE(std::holds_alternative<fleet::Heartbeat>(beat.what));
  EXPECT_EQ(std::get<fleet::Heartbeat>(beat.what).sequence, 7U);
  EXPECT_EQ(std::get<fleet::Heartbeat>(beat.what).load.cpu_utilization, 0.25);
  EXPECT_EQ(beat.stream, hello.stream);
  EXPECT_GE(beat.arrival, hello.arrival);
}

TEST(ControlService, CarriesDirectivesToTheStreamMeant) {
  Server server;
  Client client(server);
  client.Write(Hello());
  const fleet::StreamId stream = server.Next().stream;
  server->Send(stream + 1, fleet::ResendFull{"of no stream"});
  server->Send(stream, fleet::Accepted{{"an address that no pool has"}});
  server->Send(stream, fleet::SetInterval{500ms});
  server->Send(stream, fleet::ResendFull{"a gap"});
  const auto accepted = client.Read();
  ASSERT_TRUE(accepted && accepted->has_accepted());
  EXPECT_EQ(accepted->accepted().warnings(0), "an address that no pool has");
  EXPECT_EQ(accepted->accepted().software_version(), DNSD_VERSION);
  EXPECT_EQ(client.Read()->set_interval().interval_ms(), 500U);
  EXPECT_EQ(client.Read()->resend_full().reason(), "a gap");
}

TEST(ControlService, TellsTheFleetOfLeavingAndOfTheStreamsEnd) {
  Server server;
  Client client(server);
  client.Write(Hello());
  v1::ReporterMessage leaving;
  leaving.mutable_leaving()->set_reason("shutdown");
  client.Write(leaving);
  EXPECT_TRUE(client.Finish().ok());
  EXPECT_TRUE(std::holds_alternative<fleet::Hello>(server.Next().what));
  const fleet::Event left = server.Next();
  ASSERT_TRUE(std::holds_alternative<fleet::Leaving>(left.what));
  EXPECT_EQ(std::get<fleet::Leaving>(left.what).reason, "shutdown");
  EXPECT_TRUE(std::holds_alternative<fleet::StreamClosed>(server.Next().what));
}

TEST(ControlService, NothingIsReadAfterLeaving) {
  Server server;
  Client client(server);
  client.Write(Hello());
  v1::ReporterMessage leaving;
  leaving.mutable_leaving()->set_reason("a\nb");
  client.Write(leaving);
  client.Write(leaving);
  client.Write(Beat(0.5));
  EXPECT_FALSE(client.Read());
  EXPECT_TRUE(client.Finish().ok());
  EXPECT_TRUE(std::holds_alternative<fleet::Hello>(server.Next().what));
  EXPECT_EQ(std::get<fleet::Leaving>(server.Next().what).reason, "a?b");
  EXPECT_TRUE(std::holds_alternative<fleet::StreamClosed>(server.Next().what));
}

TEST(ControlService, RefusesWhatIsOutOfOrderWithAReason) {
  v1::ReporterMessage bad_address = Hello();
  bad_address.mutable_hello()->add_addresses("12345");
  const struct {
    const char* what;
    std::vector<v1::ReporterMessage> messages;
    HeartbeatFault fault;
    const char* reason;
  } cases[] = {
      {"no Hello", {Beat(0.5)}, HeartbeatFault::kNoHello, "the first message is no Hello"},
      {"an empty message first", {{}}, HeartbeatFault::kNoHello, "the first message is no Hello"},
      {"two Hellos", {Hello(), Hello()}, HeartbeatFault::kNoHello, "a second Hello"},
      {"no node name", {Hello("")}, HeartbeatFault::kNodeName, "the node name is empty"},
      {"white space", {Hello("a b")}, HeartbeatFault::kNodeName, "node name 'a b'"},
      {"256 octets", {Hello(std::string(256, 'n'))}, HeartbeatFault::kNodeName, "has 256 octets"},
      {"5 octets", {bad_address}, HeartbeatFault::kAddress, "has 5 octets, wanted 4"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Server server;
    Client client(server);
    for (const auto& message : c.messages) client.Write(message);
    const auto refusal = client.Read();
    ASSERT_TRUE(refusal && refusal->has_refusal());
    EXPECT_NE(refusal->refusal().reason().find(c.reason), std::string::npos)
        << refusal->refusal().reason();
    EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(server->faults().count(c.fault), 1U);
  }
}

TEST(ControlService, ImpossibleLoadsAreCountedAndHarmNothingElse) {
  Server server;
  Client client(server);
  client.Write(Hello());
  client.Write(Beat(std::numeric_limits<double>::quiet_NaN(), 1));
  client.Write(Beat(-1, 2));
  client.Write(Beat(1e9, 3));
  client.Write(Beat(0.5, 4));
  server.Next();
  const std::optional<double> want[] = {std::nullopt, std::nullopt, 1, 0.5};
  for (const auto& cpu : want) {
    const fleet::Event event = server.Next();
    EXPECT_EQ(std::get<fleet::Heartbeat>(event.what).load.cpu_utilization, cpu);
  }
  EXPECT_EQ(server->faults().count(HeartbeatFault::kNotFinite), 1U);
  EXPECT_EQ(server->faults().count(HeartbeatFault::kNegative), 1U);
  EXPECT_EQ(server->faults().count(HeartbeatFault::kExcessive), 1U);
}

TEST(ControlService, BringsAnOddIntervalWithinItsLimits) {
  const struct {
    std::uint32_t sent_ms, want_ms;
  } cases[] = {{99, 100}, {60'001, 60'000}, {0, 1000}};
  for (const auto& c : cases) {
    Server server;
    Client client(server);
    v1::ReporterMessage hello = Hello();
    hello.mutable_hello()->set_interval_ms(c.sent_ms);
    client.Write(hello);
    const fleet::Event event = server.Next();
    EXPECT_EQ(std::get<fleet::Hello>(event.what).interval, std::chrono::milliseconds(c.want_ms));
    server->Send(event.stream, fleet::Accepted{});
    const auto accepted = client.Read();
    ASSERT_TRUE(accepted && accepted->has_accepted());
    EXPECT_EQ(accepted->accepted().warnings_size(), 1);
    EXPECT_EQ(client.Read()->set_interval().interval_ms(), c.want_ms);
    EXPECT_EQ(server->faults().count(HeartbeatFault::kInterval), 1U);
  }
}

TEST(ControlService, ClosesAStreamThatSaysNothing) {
  Server server({}, {.hello = 50ms});
  Client client(server);
  const auto refusal = client.Read();
  ASSERT_TRUE(refusal && refusal->has_refusal());
  EXPECT_EQ(refusal->refusal().reason(), "nothing heard for 50ms");
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(server->faults().count(HeartbeatFault::kSilent), 1U);
}

TEST(ControlService, AMessageAbove16MibEndsItsStreamAlone) {
  Server server;
  Client large(server);
  Client other(server);
  other.Write(Hello("web2"));
  EXPECT_EQ(std::get<fleet::Hello>(server.Next().what).node, "web2");
  v1::ReporterMessage hello = Hello();
  hello.mutable_hello()->set_software_version(std::string(std::size_t{16} * 1024 * 1024, 'x'));
  large.Write(hello);
  EXPECT_FALSE(large.Finish().ok());
  other.Write(Beat(0.5));
  EXPECT_TRUE(std::holds_alternative<fleet::Heartbeat>(server.Next().what));
}

const ReporterGrant kWeb1{.token = "0123456789abcdef",
                          .certificate_name = "",
                          .nodes = {"web1"},
                          .addresses = {*IpPrefix::Parse("127.0.1.1")},
                          .sites = {"*.lb.example"},
                          .origin = "test"};

TEST(ControlService, AReporterSpeaksForWhatItsTokenGrants) {
  Server server({kWeb1});
  Client client(server);
  v1::ReporterMessage hello = Hello();
  hello.mutable_hello()->set_token("0123456789abcdef");
  auto* hosting = hello.mutable_hello()->mutable_state()->mutable_hosting();
  hosting->set_kind(v1::Hosting::FULL);
  hosting->add_sites()->set_name("www.lb.example");
  hosting->add_sites()->set_name("www.other.example");
  auto* demand = hello.mutable_hello()->mutable_state()->mutable_demand();
  demand->add_sites()->set_name("www.lb.example");
  demand->add_sites()->set_name("www.other.example");
  client.Write(hello);
  const fleet::Event event = server.Next();
  const auto& state = std::get<fleet::Hello>(event.what).state;
  ASSERT_EQ(state.hosting.sites.size(), 1U);
  EXPECT_EQ(state.hosting.sites[0].name.ToString(), "www.lb.example.");
  ASSERT_EQ(state.demand.sites.size(), 1U);
  EXPECT_EQ(state.demand.sites[0].name.ToString(), "www.lb.example.");
  EXPECT_EQ(server->faults().count(HeartbeatFault::kNotGranted), 2U);
}

TEST(ControlService, RefusesAnIdentityThatIsUnknownOrSpeaksForOthers) {
  v1::ReporterMessage other_address = Hello();
  other_address.mutable_hello()->add_addresses(std::string("\x7F\0\1\2", 4));
  const struct {
    const char* what;
    v1::ReporterMessage hello;
    const char* token;
    grpc::StatusCode want;
    const char* reason;
  } cases[] = {
      {"wrong token", Hello(), "0123456789abcdeX", grpc::StatusCode::UNAUTHENTICATED,
       "no reporter here has this token"},
      {"no token", Hello(), "", grpc::StatusCode::UNAUTHENTICATED,
       "neither token nor certificate; wanted one of the two"},
      {"other node", Hello("web2"), "0123456789abcdef", grpc::StatusCode::PERMISSION_DENIED,
       "node 'web2' is not granted to this reporter"},
      {"other address", other_address, "0123456789abcdef", grpc::StatusCode::PERMISSION_DENIED,
       "address 127.0.1.2 is not granted to this reporter"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    Server server({kWeb1});
    Client client(server);
    v1::ReporterMessage hello = c.hello;
    hello.mutable_hello()->set_token(c.token);
    client.Write(hello);
    const auto refusal = client.Read();
    ASSERT_TRUE(refusal && refusal->has_refusal());
    EXPECT_EQ(refusal->refusal().reason(), c.reason);
    EXPECT_EQ(client.Finish().error_code(), c.want);
  }
}

TEST(ControlService, AGrantOfSitesDoesNotCoverHostingAll) {
  for (const bool in_hello : {true, false}) {
    for (const bool says_all : {true, false}) {
      if (!in_hello && !says_all) continue;
      Server server({kWeb1});
      Client client(server);
      v1::ReporterMessage hello = Hello();
      hello.mutable_hello()->set_token("0123456789abcdef");
      v1::ReporterMessage beat = Beat(0.5);
      v1::Heartbeat& first = *hello.mutable_hello()->mutable_state();
      v1::Heartbeat& all = in_hello ? first : *beat.mutable_heartbeat();
      if (!in_hello) first.mutable_hosting()->set_kind(v1::Hosting::FULL);
      if (says_all) all.mutable_hosting()->set_kind(v1::Hosting::ALL);
      client.Write(hello);
      if (!in_hello) client.Write(beat);
      const auto refusal = client.Read();
      ASSERT_TRUE(refusal && refusal->has_refusal());
      EXPECT_EQ(refusal->refusal().reason(),
                "hosting every site is not granted to this reporter; wanted a list of its sites");
      EXPECT_EQ(server->faults().count(HeartbeatFault::kNotGranted), 1U);
    }
  }
}

TEST(ControlService, AStrangersHelloIsNotReadAnyFurther) {
  Server server({kWeb1});
  Client client(server);
  v1::ReporterMessage hello = Hello("a name with white space");
  for (int i = 0; i < 100'000; ++i) hello.mutable_hello()->add_addresses("12345");
  client.Write(hello);
  const auto refusal = client.Read();
  ASSERT_TRUE(refusal && refusal->has_refusal());
  EXPECT_EQ(refusal->refusal().reason(), "neither token nor certificate; wanted one of the two");
  EXPECT_EQ(server->faults().count(HeartbeatFault::kIdentity), 1U);
}

TEST(ControlService, NewGrantsCloseTheStreamsForThemToProveThemselvesAgain) {
  Server server;
  Client client(server);
  client.Write(Hello());
  server.Next();
  server->SetGrants({kWeb1});
  EXPECT_FALSE(client.Read());
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  Client again(server);
  again.Write(Hello());
  EXPECT_TRUE(again.Read()->has_refusal());
}

TEST(ControlService, RefusesMoreStreamsThanItsLimit) {
  Server server({}, {.streams = 1});
  Client first(server);
  first.Write(Hello());
  server.Next();
  Client second(server);
  const auto refusal = second.Read();
  ASSERT_TRUE(refusal && refusal->has_refusal());
  EXPECT_EQ(second.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(server->faults().count(HeartbeatFault::kTooMany), 1U);
}

TEST(ControlService, StreamsWithoutAHelloHaveALimitOfTheirOwn) {
  Server server({}, {.without_hello = 1});
  Client first(server);
  first.Write(Hello());
  server.Next();
  Client second(server);
  second.Write(Hello("web2"));
  EXPECT_EQ(std::get<fleet::Hello>(server.Next().what).node, "web2");
  Client quiet(server);
  while (server->stream_count() < 3) std::this_thread::yield();
  Client last(server);
  const auto refusal = last.Read();
  ASSERT_TRUE(refusal && refusal->has_refusal());
  EXPECT_EQ(last.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(ControlService, StoppingEndsTheStreamsAndTellsTheFleetNothing) {
  Server server;
  Client client(server);
  client.Write(Hello());
  server.Next();
  server->Stop();
  EXPECT_FALSE(client.Read());
  EXPECT_EQ(client.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(server->stream_count(), 0U);
}

TEST(ControlService, APortInUseIsSaidSo) {
  Server server;
  HeartbeatConfig config;
  config.listen = server->bound();
  fleet::Inbox inbox([] {});
  ControlService second(config, inbox);
  const absl::Status status = second.Start();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("Address already in use"), absl::string_view::npos) << status;
}

TEST(ControlService, TlsFilesThatAreNoneAreSaidSo) {
  HeartbeatConfig config;
  config.listen = Endpoint::Parse("127.0.0.1:0");
  config.tls.certificate = config.tls.key = "/dev/null";
  fleet::Inbox inbox([] {});
  ControlService service(config, inbox);
  EXPECT_TRUE(absl::IsInvalidArgument(service.Start()));
}

}  // namespace
}  // namespace dnsd::server

#include "reporter/fetch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <optional>

#include "reporter/statistics.h"
#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

// A server in the same loop: takes one request at a time, answers it with `answer` and closes; or
// keeps silent.
class Server {
 public:
  // At a Unix socket's path, or on a port of loopback where that is empty.
  Server(event_base* base, const std::string& path) : base_(base), path_(path) {
    fd_ = socket(path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_un);
    if (path.empty()) {
      size = Endpoint{*IpAddress::Parse("127.0.0.1"), 0}.ToSockaddr(storage);
    } else {
      auto& address = reinterpret_cast<sockaddr_un&>(storage);
      address.sun_family = AF_UNIX;
      path.copy(address.sun_path, sizeof address.sun_path - 1);
    }
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&storage), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    accept_.emplace(Watch::Readable(base, fd_, [this] { Accept(); }));
  }
  ~Server() {
    accept_.reset();
    read_.reset();
    close(fd_);
    if (client_ >= 0) close(client_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  FetchRequest Request(const std::string& text) const {
    FetchRequest request;
    request.text = text;
    request.timeout = 5s;
    request.socket = path_;
    if (!path_.empty()) return request;
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size);
    request.endpoint = Endpoint::FromSockaddr(reinterpret_cast<sockaddr&>(storage));
    return request;
  }

  std::optional<std::string> answer = "answer";  // nothing: keeps silent
  std::string heard;

 private:
  void Accept() {
    client_ = accept(fd_, nullptr, nullptr);
    read_.emplace(Watch::Readable(base_, client_, [this] { Answer(); }));
  }
  void Answer() {
    char buffer[4096];
    const ssize_t size = recv(client_, buffer, sizeof buffer, 0);
    heard.assign(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (!answer) return;
    EXPECT_EQ(send(client_, answer->data(), answer->size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer->size()));
    read_.reset();
    close(std::exchange(client_, -1));
  }

  event_base* base_;
  const std::string path_;
  int fd_ = -1, client_ = -1;
  std::optional<Watch> accept_, read_;
};

class FetchTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> Run(const FetchRequest& request) {
    absl::StatusOr<std::string> result = absl::UnknownError("never done");
    const auto fetch = Fetch::Start(base_.get(), request, [&](auto answer) {
      result = std::move(answer);
      event_base_loopbreak(base_.get());
    });
    event_base_dispatch(base_.get());
    return result;
  }
  const EventBasePtr base_{event_base_new()};
  FixtureTree tree_;
};

TEST_F(FetchTest, CollectsTheWholeAnswer) {
  for (const std::string& path : {std::string(), tree_.root() + "/socket"}) {
    Server server(base_.get(), path);
    const auto answer = Run(server.Request("question\n"));
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(*answer, "answer");
    EXPECT_EQ(server.heard, "question\n");
  }
}

TEST_F(FetchTest, GivesUpAtTheLimitOfTime) {
  Server server(base_.get(), "");
  server.answer.reset();
  FetchRequest request = server.Request("question\n");
  request.timeout = 20ms;
  EXPECT_EQ(Run(request).status().message(), "no whole answer within 20ms");
}

TEST_F(FetchTest, TakesNoMoreThanTheLimitOfSize) {
  Server server(base_.get(), "");
  FetchRequest request = server.Request("question\n");
  server.answer = std::string(100, 'x');
  request.most = 100;
  EXPECT_TRUE(Run(request).ok());
  server.answer = std::string(101, 'x');
  EXPECT_TRUE(absl::IsResourceExhausted(Run(request).status()));
}

TEST_F(FetchTest, TellsWhenNobodyListens) {
  FetchRequest request;
  {
    const Server server(base_.get(), "");
    request = server.Request("");
  }
  EXPECT_EQ(Run(request).status().message(), "Connection refused");
  request.socket = tree_.root() + "/none";
  EXPECT_EQ(Run(request).status().message(), "No such file or directory");
  request.socket = std::string(200, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(Run(request).status()));
}

TEST(HttpBody, IsWhatFollowsAGoodHead) {
  EXPECT_EQ(*HttpBody("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody\r\n\r\nmore"), "body\r\n\r\nmore");
  EXPECT_EQ(*HttpBody("HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\nbody"), "body");
}

TEST(HttpBody, JoinsChunks) {
  const std::string head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  EXPECT_EQ(*HttpBody(head + "a;x=y\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"), "0123456789abc");
  EXPECT_EQ(*HttpBody(head + "0\r\n\r\n"), "");
  for (const char* body : {"", "a\r\n012345678", "3\r\nabc\r\n", "x\r\n", "-1\r\nabc\r\n0\r\n",
                           "ffffffffffffffff\r\nabc", "ffffffffffffffffff\r\nabc"}) {
    EXPECT_FALSE(HttpBody(head + body).ok()) << body;
  }
}

TEST(HttpBody, RefusesWhatIsNoWholeAnswer) {
  for (const char* response :
       {"", "SSH-2.0\r\n\r\n", "HTTP/1.1 404 Not Found\r\n\r\nbody", "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody"}) {
    EXPECT_FALSE(HttpBody(response).ok()) << response;
  }
}

TEST(StatisticsOverHttp, AsksForTheFormThatProgramsRead) {
  const auto first = [](ServerKind kind, const char* url) {
    const std::string text = StatisticsOverHttp(kind, url)->text;
    return text.substr(0, text.find('\r'));
  };
  EXPECT_EQ(first(ServerKind::kNginx, "http://127.0.0.1/status"), "GET /status HTTP/1.0");
  EXPECT_EQ(first(ServerKind::kApache, "http://127.0.0.1/s"), "GET /s?auto HTTP/1.0");
  EXPECT_EQ(first(ServerKind::kApache, "http://127.0.0.1/s?auto"), "GET /s?auto HTTP/1.0");
  EXPECT_EQ(first(ServerKind::kHaproxy, "http://[::1]:80/h"), "GET /h;csv HTTP/1.0");
  EXPECT_EQ(first(ServerKind::kHaproxy, "http://[::1]:80/h;csv"), "GET /h;csv HTTP/1.0");
}

TEST(StatisticsOverHttp, RefusesWhatItCannotAskWithoutAResolver) {
  for (const char* url : {"", "https://127.0.0.1/", "http://example/", "tcp:127.0.0.1:80",
                          "http://{site}/", "exec:curl"}) {
    EXPECT_FALSE(StatisticsOverHttp(ServerKind::kNginx, url).ok()) << url;
  }
}

// Statistics that are asked for in a loop until there is something, or the test ends it.
class StatisticsTest : public FetchTest {
 protected:
  void SetUp() override { server_.emplace(base_.get(), tree_.root() + "/socket"); }
  static std::string Table(int connections, int requests) {
    return "# scur,type,req_tot,stot\n" + std::to_string(connections) + ",0," +
           std::to_string(requests) + ",0\n";
  }
  StatisticsConfig Config() const {
    StatisticsConfig config;
    config.kind = ServerKind::kHaproxy;
    config.request = server_->Request("show stat\n");
    config.interval = 10ms;
    return config;
  }
  // Turns the loop until `holds`, five seconds at most.
  template <typename Holds>
  void LoopUntil(Holds holds) {
    Timer limit(base_.get(), [this] { event_base_loopbreak(base_.get()); });
    limit.After(5s);
    while (!holds() && limit.pending()) event_base_loop(base_.get(), EVLOOP_ONCE);
    EXPECT_TRUE(holds());
  }
  std::optional<Server> server_;
};

TEST_F(StatisticsTest, AreAskedForAgainAndAgain) {
  server_->answer = Table(3, 100);
  const Statistics statistics(base_.get(), Config());
  const auto find = [&] { return statistics.Find(MonotonicClock::now()); };
  EXPECT_EQ(find(), nullptr);
  LoopUntil([&] { return find() != nullptr; });
  EXPECT_EQ(find()->connections(), 3);
  LoopUntil([&] { return find()->has_rps(); });
  EXPECT_EQ(find()->rps(), 0);
  server_->answer = Table(5, 300);
  LoopUntil([&] { return find()->connections() == 5; });
  EXPECT_GT(find()->rps(), 0);
  EXPECT_EQ(statistics.sessions(), 0U) << "over TCP";
}

TEST_F(StatisticsTest, TheLastGoodOnesStandForTenSecondsOfFailures) {
  server_->answer = Table(3, 100);
  const Statistics statistics(base_.get(), Config());
  LoopUntil([&] { return statistics.Find(MonotonicClock::now()) != nullptr; });
  const MonotonicTime good = MonotonicClock::now();
  server_->answer = "not a table";
  server_->heard.clear();
  LoopUntil([&] { return !server_->heard.empty(); });
  EXPECT_NE(statistics.Find(good + 9s), nullptr);
  EXPECT_EQ(statistics.Find(good + 11s), nullptr);
}

}  // namespace
}  // namespace dnsd::reporter

#include "dnsd/server/status_http.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace dnsd::server {
namespace {

StatusHttp::Pages OnePage() {
  return {{"/page", [](const HttpQuery&) {
             return HttpReply{.content_type = "text/x-test", .body = "hello\n"};
           }}};
}

int Connect(const StatusHttp& server) {
  sockaddr_storage address;
  const socklen_t size = server.bound().ToSockaddr(address);
  const int fd = socket(address.ss_family, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  return fd;
}

// Sends `request` to `server` and reads until it closes.
std::string Exchange(const StatusHttp& server, const std::string& request) {
  const int fd = Connect(server);
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string response;
  char part[4096];
  for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;) {
    response.append(part, static_cast<std::size_t>(n));
  }
  close(fd);
  return response;
}

std::string Request(const std::string& method, const std::string& path,
                    const std::string& host = "localhost") {
  return method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
}

class StatusHttpTest : public testing::Test {
 protected:
  void SetUp() override {
    const absl::Status bound = server_.Bind(*Endpoint::Parse("127.0.0.1:0"));
    ASSERT_TRUE(bound.ok()) << bound;
    server_.Start();
  }
  StatusHttp server_{OnePage(), {"ns1.example"}};
};

TEST_F(StatusHttpTest, ServesAPageWithHeadersThatKeepBrowsersHonest) {
  const std::string response = Exchange(server_, Request("GET", "/page?x=1"));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_TRUE(response.ends_with("\r\n\r\nhello\n")) << response;
  EXPECT_NE(response.find("Content-Type: text/x-test\r\n"), std::string::npos);
  EXPECT_NE(response.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(response.find("Content-Security-Policy: default-src 'none'"), std::string::npos);
}

TEST(StatusHttp, APageGetsTheQueryDecoded) {
  HttpQuery seen;
  const auto page = [&seen](const HttpQuery& query) {
    seen = query;
    return HttpReply{};
  };
  const StatusHttp server({{"/page", page}}, {});
  const HttpQuery none;
  const HttpQuery both{{"name", "a b&c"}, {"type", "A"}};
  EXPECT_EQ(server.Answer("/page", "localhost", "name=a%20b%26c&type=A&type=AAAA").status, 200);
  EXPECT_EQ(seen, both);
  for (const char* nothing : {"", static_cast<const char*>(nullptr)}) {
    EXPECT_EQ(server.Answer("/page", "localhost", nothing).status, 200);
    EXPECT_EQ(seen, none);
  }
  EXPECT_EQ(server.Answer("/page", "localhost", "name").status, 400);
}

TEST_F(StatusHttpTest, HeadHasTheHeadersAlone) {
  const std::string response = Exchange(server_, Request("HEAD", "/page"));
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_NE(response.find("Content-Length: 6\r\n"), std::string::npos) << response;
  EXPECT_TRUE(response.ends_with("\r\n\r\n")) << response;
}

TEST_F(StatusHttpTest, IsReadOnly) {
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const std::string response =
        Exchange(server_, std::string(method) +
                              " /page HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                              "Connection: close\r\n\r\n");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 405 ")) << response;
    EXPECT_NE(response.find("Allow: GET, HEAD\r\n"), std::string::npos);
  }
}

TEST_F(StatusHttpTest, RefusesAHeaderThatNeverEnds) {
  const std::string response =
      Exchange(server_, "GET /page HTTP/1.1\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(response.find("hello"), std::string::npos);
}

TEST_F(StatusHttpTest, ARequestWithoutHostIsAnswered) {
  const std::string response = Exchange(server_, "GET /page HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(response.ends_with("\r\n\r\nhello\n")) << response;
}

std::size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(StatusHttpTest, MoreConnectionsThanItHoldsWaitForTheirTurn) {
  constexpr std::size_t kHeld = 64;
  const std::size_t before = OpenDescriptors();
  std::vector<int> idle;
  for (std::size_t i = 0; i < kHeld + 20; ++i) idle.push_back(Connect(server_));
  // Not accepted, so nobody answers until some of the others are gone.
  const int waiting = Connect(server_);
  const std::string request = Request("GET", "/page");
  EXPECT_EQ(write(waiting, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  pollfd ready{.fd = waiting, .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ready, 1, 300), 0);
  EXPECT_EQ(OpenDescriptors(), before + idle.size() + 1 + kHeld);
  for (const int fd : idle) close(fd);
  EXPECT_EQ(poll(&ready, 1, 5'000), 1);
  close(waiting);
  // And the descriptors of those are used again.
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Exchange(server_, request).ends_with("hello\n"));
}

TEST_F(StatusHttpTest, OutOfDescriptorsItWaitsAndGoesOn) {
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_storage address;
  const socklen_t size = server_.bound().ToSockaddr(address);
  EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&address), size), 0);
  const auto processor_time = [] {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  };
  const double start = processor_time();
  pollfd ready{.fd = client, .events = POLLIN, .revents = 0};
  const std::string request = Request("GET", "/page");
  EXPECT_EQ(write(client, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  EXPECT_EQ(poll(nullptr, 0, 500), 0);
  EXPECT_LT(processor_time() - start, 0.1);  // it does not spin
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(poll(&ready, 1, 5'000), 1);
  close(client);
}

TEST_F(StatusHttpTest, APortInUseIsSaidSo) {
  StatusHttp second(OnePage(), {});
  const absl::Status status = second.Bind(server_.bound());
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("Address already in use"), absl::string_view::npos) << status;
}

class Greeting : public HttpFeed {
 public:
  std::string Next() override { return "event: hello\ndata: you\n\n"; }
};

TEST(StatusHttp, SpeaksToAListenerAtOnceAndEverySecond) {
  StatusHttp server(OnePage(), {});
  server.SetFeeds({{"/feed",
                    [](const HttpQuery& query) -> std::unique_ptr<HttpFeed> {
                      if (query.contains("bad")) return nullptr;
                      return std::make_unique<Greeting>();
                    }}},
                  [] {});
  ASSERT_TRUE(server.Bind(*Endpoint::Parse("127.0.0.1:0")).ok());
  server.Start();
  EXPECT_TRUE(Exchange(server, Request("GET", "/feed?bad=1")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      Exchange(server, Request("GET", "/feed", "evil.example")).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(Exchange(server, Request("POST", "/feed")).starts_with("HTTP/1.1 405 "));
  const int fd = Connect(server);
  const std::string request = Request("GET", "/feed");
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string heard;
  char part[4096];
  while (heard.find("hello") == heard.rfind("hello")) {
    const ssize_t n = read(fd, part, sizeof part);
    ASSERT_GT(n, 0) << heard;
    heard.append(part, static_cast<std::size_t>(n));
  }
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n")) << heard;
  EXPECT_NE(heard.find("Content-Type: text/event-stream\r\n"), std::string::npos) << heard;
  server.Stop();  // with one who listens
  close(fd);
}

TEST(StatusHttp, WantsAHostThatNoStrangersDomainCanBe) {
  const StatusHttp server(OnePage(), {"ns1.example"});
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1:8053", "[::1]:8053", "192.0.2.1",
                           "ns1.example:8053", "NS1.example"}) {
    EXPECT_EQ(server.Answer("/page", host).status, 200) << host;
  }
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", ":80"}) {
    EXPECT_EQ(server.Answer("/page", host).status, 403) << host;
  }
}

TEST(StatusHttp, ABrowserFetchesNothingButThePageForAnotherSite) {
  StatusHttp::Pages pages = OnePage();
  pages["/"] = [](const HttpQuery&) { return HttpReply{}; };
  const StatusHttp server(std::move(pages), {});
  for (const char* site : {"same-origin", "same-site", "none"}) {
    EXPECT_EQ(server.Answer("/page", "localhost", nullptr, site).status, 200) << site;
  }
  EXPECT_EQ(server.Answer("/", "localhost", nullptr, "cross-site").status, 200);
  const HttpReply refused = server.Answer("/page", "localhost", nullptr, "cross-site");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("Sec-Fetch-Site: cross-site"), std::string::npos);
  EXPECT_EQ(server.Answer("/nothing", "localhost", nullptr, "cross-site").status, 403);
}

// Pages that take long: the first waits until the test lets it go on.
class ErrandsTest : public testing::Test {
 protected:
  ErrandsTest() {
    StatusHttp::Pages errands;
    errands["/slow"] = [this](const HttpQuery& query) {
      begun_.set_value();
      may_end_.get_future().wait();
      return HttpReply{.body = "slow " + query.at("who") + "\n"};
    };
    errands["/next"] = [](const HttpQuery&) { return HttpReply{.body = "next\n"}; };
    server_.SetErrands(std::move(errands));
    EXPECT_TRUE(server_.Bind(*Endpoint::Parse("127.0.0.1:0")).ok());
    server_.Start();
  }
  int Ask(const std::string& request) {
    const int fd = Connect(server_);
    EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
    return fd;
  }
  static std::string ReadAll(int fd) {
    std::string response;
    char part[4096];
    for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;) {
      response.append(part, static_cast<std::size_t>(n));
    }
    close(fd);
    return response;
  }

  std::promise<void> begun_;
  std::promise<void> may_end_;
  StatusHttp server_{OnePage(), {}};
};

TEST_F(ErrandsTest, HoldUpNobody) {
  const int slow = Ask(Request("GET", "/slow?who=me"));
  begun_.get_future().wait();
  EXPECT_TRUE(Exchange(server_, Request("GET", "/page")).ends_with("hello\n"));
  const int next = Ask(Request("GET", "/next"));
  const int head = Ask(Request("HEAD", "/next"));
  may_end_.set_value();
  EXPECT_TRUE(ReadAll(slow).ends_with("\r\n\r\nslow me\n"));
  EXPECT_TRUE(ReadAll(next).ends_with("\r\n\r\nnext\n"));
  EXPECT_TRUE(ReadAll(head).ends_with("\r\n\r\n"));
  EXPECT_TRUE(Exchange(server_, Request("GET", "/next?x")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      Exchange(server_, Request("GET", "/next", "evil.example")).starts_with("HTTP/1.1 403 "));
}

TEST_F(ErrandsTest, SoManyWaitAndOthersAreSentAway) {
  const int slow = Ask(Request("GET", "/slow?who=me"));
  begun_.get_future().wait();
  std::vector<int> waiting;
  for (std::size_t i = 1; i < HttpErrands::kMost; ++i) {
    waiting.push_back(Ask(Request("GET", "/next")));
  }
  // Connections are taken in the order they come; requests may overtake each other.
  std::string refused;
  int more = 0;
  while (!refused.starts_with("HTTP/1.1 503 ") && more++ < 100) {
    const int fd = Ask(Request("GET", "/next"));
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 100) == 1) {
      refused = ReadAll(fd);
    } else {
      waiting.push_back(fd);
    }
  }
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  may_end_.set_value();
  EXPECT_TRUE(ReadAll(slow).ends_with("slow me\n"));
  for (const int fd : waiting) {
    const std::string response = ReadAll(fd);
    EXPECT_TRUE(response.ends_with("next\n") || response.starts_with("HTTP/1.1 503 "));
  }
}

TEST_F(ErrandsTest, AClientThatLeavesIsForgotten) {
  const int slow = Ask(Request("GET", "/slow?who=me"));
  begun_.get_future().wait();
  close(slow);
  EXPECT_TRUE(Exchange(server_, Request("GET", "/page")).ends_with("hello\n"));
  may_end_.set_value();
  EXPECT_TRUE(Exchange(server_, Request("GET", "/next")).ends_with("next\n"));
}

TEST_F(ErrandsTest, TheServerStopsWhileOneIsMade) {
  const int slow = Ask(Request("GET", "/slow?who=me"));
  begun_.get_future().wait();
  may_end_.set_value();
  server_.Stop();
  close(slow);
}

TEST(StatusHttp, TellsWhichPagesThereAre) {
  const StatusHttp server(OnePage(), {});
  const HttpReply reply = server.Answer("/nothing", "localhost");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "no such page; there are:\n/page\n");
}

}  // namespace
}  // namespace dnsd::server

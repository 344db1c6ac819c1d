#include "dnsd/server/status_http.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace dnsd::server {
namespace {

StatusHttp::Pages OnePage() {
  return {{"/page", [] { return HttpReply{.content_type = "text/x-test", .body = "hello\n"}; }}};
}

// Sends `request` to `server` and reads until it closes.
std::string Exchange(const StatusHttp& server, const std::string& request) {
  sockaddr_storage address;
  const socklen_t size = server.bound().ToSockaddr(address);
  const int fd = socket(address.ss_family, SOCK_STREAM, 0);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
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

TEST_F(StatusHttpTest, APortInUseIsSaidSo) {
  StatusHttp second(OnePage(), {});
  const absl::Status status = second.Bind(server_.bound());
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("Address already in use"), absl::string_view::npos) << status;
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

TEST(StatusHttp, TellsWhichPagesThereAre) {
  const StatusHttp server(OnePage(), {});
  EXPECT_EQ(server.Answer("/", "localhost").body, "/page\n");
  EXPECT_EQ(server.Answer("/nothing", "localhost").status, 404);
}

}  // namespace
}  // namespace dnsd::server

#include "reporter/access_log.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

TEST(ParseLogLine, ReadsTheFormatsOfTheServers) {
  const struct {
    const char* what;
    const char* line;
    bool host_first;
    const char* host;
    unsigned status;
    std::uint64_t octets;
  } cases[] = {
      {"common", R"(192.0.2.7 - - [22/Nov/2026:02:06:22 +0000] "GET / HTTP/1.1" 200 397)", false,
       "", 200, 397},
      {"combined, of nginx",
       R"(127.0.0.1 - bob [22/Nov/2026:02:06:22 +0000] "GET / HTTP/1.1" 502 6 "-" "curl/7.88.1")",
       false, "", 502, 6},
      {"vhost_combined, of Apache",
       R"(www.example:80 127.0.0.1 - - [22/Nov/2026:02:06:22 +0000] "GET / HTTP/1.1" 404 397 "-" "c")",
       true, "www.example", 404, 397},
      {"virtual host without a port", R"(WWW.example ::1 - - [x] "GET / HTTP/1.1" 200 1)", true,
       "WWW.example", 200, 1},
      {"no octets", R"(::1 - - [x] "GET / HTTP/1.1" 304 -)", false, "", 304, 0},
      {"an empty request", R"(::1 - - [x] "-" 408 0)", false, "", 408, 0},
      {"a request with an escaped quote", R"(::1 - - [x] "GET /\" 200 9 HTTP/1.1" 404 5)", false,
       "", 404, 5},
      {"a user with a space", R"(::1 - a b [x] "GET / HTTP/1.1" 401 5)", false, "", 401, 5},
      {"a user with an escaped quote", R"(::1 - a\" 200 1 [x] "GET / HTTP/1.1" 401 5)", false, "",
       401, 5},
      {"further fields", R"(::1 - - [x] "GET / HTTP/1.1" 200 5 "-" "-" 0.004 upstream)", false, "",
       200, 5},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto line = ParseLogLine(c.line, c.host_first);
    ASSERT_TRUE(line);
    EXPECT_EQ(line->host, c.host);
    EXPECT_EQ(line->status, c.status);
    EXPECT_EQ(line->octets, c.octets);
  }
}

TEST(ParseLogLine, RefusesLinesOfAnotherForm) {
  for (const char* line :
       {"", "\"", "\"\"", "nothing", R"(::1 - - [x] "GET / HTTP/1.1)", R"(::1 - - [x] "GET /")",
        R"(::1 - - [x] "GET /" 20 5)", R"(::1 - - [x] "GET /" 2000 5)",
        R"(::1 - - [x] "GET /" 200)", R"(::1 - - [x] "GET /" 200 x)",
        R"(::1 - - [x] "GET /" 200 -5)", R"(::1 - - "GET /" 200 5)", R"(::1 - - x] "GET /" 200 5)",
        R"({"status": 200, "path": "/"})", R"(::1 - - [x] "GET /\" 200 5)"}) {
    EXPECT_FALSE(ParseLogLine(line, false)) << line;
  }
  EXPECT_FALSE(ParseLogLine(R"(:80 ::1 - - [x] "GET /" 200 5)", true)) << "no virtual host";
}

TEST(SiteOfLog, IsWhatTheBracesStandFor) {
  const struct {
    const char* pattern;
    const char* path;
    std::optional<std::string> want;
  } cases[] = {
      {"/log/{site}.access.log", "/log/www.example.access.log", "www.example"},
      {"/log/{site}.access.log", "/log/Shop.Example.access.log", "shop.example"},
      {"/log/{site}.access.log", "/log/.access.log", std::nullopt},
      {"/log/{site}.access.log", "/log/www.example.error.log", std::nullopt},
      {"/srv/{site}/logs/access*.log", "/srv/www.example/logs/access-ssl.log", "www.example"},
      {"/srv/{site}/logs/access*.log", "/srv/a/b/logs/access.log", std::nullopt},
      {"/srv/*/{site}.log", "/srv/alice/www.example.log", "www.example"},
      {"/log/access-{site}", "/log/access-www.example", "www.example"},
      {"/log/{site}.log", "/log/not a name.log", ""},
      {"/log/access.log", "/log/access.log", ""},
      {"/log/access.log", "/log/other.log", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(SiteOfLog(c.pattern, c.path), c.want) << c.path;
}

TEST(GlobOf, HasAStarForTheSite) {
  EXPECT_EQ(GlobOf("/srv/{site}/logs/a?.log"), "/srv/*/logs/a?.log");
  EXPECT_EQ(GlobOf("/log/access.log"), "/log/access.log");
}

}  // namespace
}  // namespace dnsd::reporter

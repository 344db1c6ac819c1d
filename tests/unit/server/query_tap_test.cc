#include "dnsd/server/query_tap.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "dnsd/server/dnstap.h"
#include "dnsd/server/query_line.h"
#include "dnsd/server/query_log.h"
#include "dnsd/server/tap_reader.h"
#include "proto/dnstap.pb.h"

namespace dnsd::server {
namespace {

using namespace std::string_literals;
using answer::Transport;
using testing::HasSubstr;

std::span<const std::uint8_t> Octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// WWW.lb.example. A IN, id 1
const std::string kQuery = "\0\1\0\0\0\1\0\0\0\0\0\0\3WWW\2lb\7example\0\0\1\0\1"s;
// The same with two addresses, one of IPv6 for the reading's sake, the owners compressed.
const std::string kResponse =
    "\0\1\x84\0\0\1\0\2\0\0\0\0\3WWW\2lb\7example\0\0\1\0\1"
    "\xC0\x0C\0\1\0\1\0\0\0\0\0\4\xC0\0\2\1"
    "\xC0\x0C\0\x1C\0\1\0\0\0\0\0\x10\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1"s;
const Endpoint kClient = *Endpoint::Parse("203.0.113.9:5353");

TappedQuery Tapped(const std::string& query, const std::string& response,
                   const Endpoint& client = kClient) {
  TappedQuery tapped;
  tapped.header.time = 1'700'000'000'123'456'789;
  tapped.header.client = client;
  tapped.query = Octets(query);
  tapped.response = Octets(response);
  return tapped;
}

TEST(QueryTap, TellsOneOfSoManyToEach) {
  QueryTap tap({.log = 3, .stream = 2});
  for (int i = 0; i < 6; ++i) tap.Tell(Octets(kQuery), Octets(kResponse), kClient, Transport::kUdp);
  std::vector<int> uses;
  while (const auto query = tap.Take()) uses.push_back(query->header.uses);
  EXPECT_EQ(uses, (std::vector<int>{kTapStream, kTapLog, kTapStream, kTapLog + kTapStream}));
}

TEST(QueryTap, KeepsTheMessagesAndWhoAsked) {
  QueryTap tap({.log = 1});
  tap.Tell(Octets(kQuery), Octets(kResponse), kClient, Transport::kTcp);
  const auto query = tap.Take();
  ASSERT_TRUE(query);
  EXPECT_EQ(std::string(query->query.begin(), query->query.end()), kQuery);
  EXPECT_EQ(std::string(query->response.begin(), query->response.end()), kResponse);
  EXPECT_EQ(query->header.client, kClient);
  EXPECT_EQ(query->header.transport, Transport::kTcp);
  EXPECT_FALSE(tap.Take());
}

TEST(QueryTap, CountsWhatFindsNoRoom) {
  QueryTap tap({.log = 1}, 512);
  for (int i = 0; i < 10; ++i) {
    tap.Tell(Octets(kQuery), Octets(kResponse), kClient, Transport::kUdp);
  }
  std::uint64_t taken = 0;
  while (tap.Take()) ++taken;
  EXPECT_GT(taken, 0U);
  EXPECT_EQ(taken + tap.dropped(), 10U);
}

TEST(QueryLine, HasTheQuestionAsAskedAndTheAddressesGiven) {
  EXPECT_EQ(QueryLine(Tapped(kQuery, kResponse)),
            "2023-11-14T22:13:20.123456Z 203.0.113.9#5353 UDP WWW.lb.example. A IN NOERROR "
            "192.0.2.1,2001:db8::1");
}

TEST(QueryLine, TellsOtherAnswersByTheirNumber) {
  std::string nodata = kResponse.substr(0, kQuery.size());
  nodata[7] = 0;
  nodata[3] = 3;
  EXPECT_THAT(QueryLine(Tapped(kQuery, nodata)), HasSubstr(" A IN NXDOMAIN 0"));
  EXPECT_THAT(QueryLine(Tapped(kQuery, "")), HasSubstr(" A IN - -"));
}

TEST(QueryLine, OfWhatIsNoQueryHasWhatCanBeTold) {
  Endpoint client = *Endpoint::Parse("[2001:db8::9]:1");
  client.port = 0;
  const std::string pointer = kQuery.substr(0, 12) + "\xC0\x0C\0\1\0\1"s;
  for (const std::string& query : {"\0\1"s, kQuery.substr(0, 20), pointer}) {
    EXPECT_EQ(QueryLine(Tapped(query, kResponse.substr(0, 12), client)),
              "2023-11-14T22:13:20.123456Z 2001:db8::9#- UDP - - - NOERROR 2");
  }
}

TEST(Dnstap, MessagesHaveWhatTheSpecificationWants) {
  DnstapSettings settings;
  settings.identity = "ns1";
  dnstap::Dnstap query;
  ASSERT_TRUE(query.ParseFromString(DnstapQuery(settings, Tapped(kQuery, kResponse))));
  EXPECT_EQ(query.type(), dnstap::Dnstap::MESSAGE);
  EXPECT_EQ(query.identity(), "ns1");
  EXPECT_EQ(query.message().type(), dnstap::Message::AUTH_QUERY);
  EXPECT_EQ(query.message().query_address(), "\xCB\0\x71\x09"s);
  EXPECT_EQ(query.message().query_port(), 5353U);
  EXPECT_EQ(query.message().query_time_sec(), 1'700'000'000U);
  EXPECT_EQ(query.message().query_time_nsec(), 123'456'789U);
  EXPECT_EQ(query.message().query_message(), kQuery);
  dnstap::Dnstap response;
  ASSERT_TRUE(response.ParseFromString(DnstapResponse(settings, Tapped(kQuery, kResponse))));
  EXPECT_EQ(response.message().type(), dnstap::Message::AUTH_RESPONSE);
  EXPECT_EQ(response.message().response_message(), kResponse);
  EXPECT_FALSE(response.message().has_query_message());
}

TEST(Dnstap, WithoutAReaderAllIsLostAndCounted) {
  DnstapSettings settings;
  settings.socket = "/no/such/socket";
  auto tap = Dnstap::Open(settings);
  ASSERT_TRUE(tap.ok()) << tap.status();
  (*tap)->Take(Tapped(kQuery, kResponse));
  (*tap)->Tend(MonotonicTime(std::chrono::seconds(10)));
  (*tap)->Take(Tapped(kQuery, kResponse));
  EXPECT_EQ((*tap)->lost(), 2U);
  EXPECT_EQ((*tap)->written(), 0U);
}

TEST(Dnstap, AFileThatCannotBeWrittenIsSaidSo) {
  DnstapSettings settings;
  settings.file = "/no/such/folder/dnstap";
  const auto tap = Dnstap::Open(settings);
  EXPECT_THAT(Message(tap.status()), HasSubstr("/no/such/folder/dnstap: No such file"));
}

class QueryLogFile : public testing::Test {
 protected:
  ~QueryLogFile() override {
    std::remove(path_.c_str());
    std::remove((path_ + ".1").c_str());
  }
  static std::size_t Lines(const std::string& path) {
    std::ifstream in(path);
    return static_cast<std::size_t>(
        std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n'));
  }

  const std::string path_ = testing::TempDir() + "query_log." + std::to_string(getpid());
};

TEST_F(QueryLogFile, HasALineForEachAndIsReopened) {
  QueryTap tap({.log = 1, .stream = 1});
  std::vector<TapReader::Output> outputs;
  auto log = QueryLog::Open(path_);
  ASSERT_TRUE(log.ok()) << log.status();
  outputs.push_back({"query_log", kTapLog, *std::move(log)});
  TapReader reader({&tap}, std::move(outputs));
  const auto tell = [&] { tap.Tell(Octets(kQuery), Octets(kResponse), kClient, Transport::kUdp); };
  tell();
  tell();
  EXPECT_TRUE(reader.Round(MonotonicTime()));
  EXPECT_EQ(Lines(path_), 2U);
  ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  reader.Reopen();
  tell();
  EXPECT_TRUE(reader.Round(MonotonicTime()));
  EXPECT_FALSE(reader.Round(MonotonicTime()));
  EXPECT_EQ(Lines(path_), 1U);
  EXPECT_EQ(Lines(path_ + ".1"), 2U);
  EXPECT_EQ(reader.status().front().written, 3U);
}

TEST_F(QueryLogFile, AFullDiskIsCounted) {
  auto log = QueryLog::Open("/dev/full");
  ASSERT_TRUE(log.ok()) << log.status();
  (*log)->Take(Tapped(kQuery, kResponse));
  (*log)->Tend(MonotonicTime());
  EXPECT_EQ((*log)->lost(), 1U);
  EXPECT_EQ((*log)->written(), 0U);
}

TEST_F(QueryLogFile, ThatCannotBeOpenedIsSaidSo) {
  const auto log = QueryLog::Open("/no/such/folder/log");
  EXPECT_THAT(Message(log.status()), HasSubstr("/no/such/folder/log: No such file"));
}

}  // namespace
}  // namespace dnsd::server

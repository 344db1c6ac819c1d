#include "dnsd/server/tcp_connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

namespace dnsd::server {
namespace {

using State = TcpConnection::State;
using answer::TcpEnd;
using namespace std::string_literals;

std::string Framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
         message;
}

// A connection and the socket of its client, non-blocking. The responder echoes; the message "big"
// has 65,535 octets of response, "none" is no query.
class TcpConnectionTest : public testing::Test {
 protected:
  TcpConnectionTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    client_ = Fd(pair[0]);
    connection_ = std::make_unique<TcpConnection>(Fd(pair[1]), IpAddress());
    service_.respond = [this](std::span<const std::uint8_t> message, const IpAddress&,
                              std::span<std::uint8_t> out) -> std::size_t {
      ++answered_;
      EXPECT_EQ(out.size(), 65535U);
      const std::string text(message.begin(), message.end());
      if (text == "none") return 0;
      const std::string response = text == "big" ? std::string(65535, 'b') : text;
      std::copy(response.begin(), response.end(), out.begin());
      return response.size();
    };
  }

  void Give(const std::string& octets) {
    ASSERT_EQ(send(client_.get(), octets.data(), octets.size(), 0),
              static_cast<ssize_t>(octets.size()));
  }

  // All that has come to the client.
  std::string Take() {
    std::string all;
    char part[65536];
    ssize_t size;
    while ((size = recv(client_.get(), part, sizeof part, 0)) > 0) {
      all.append(part, static_cast<std::size_t>(size));
    }
    return all;
  }

  bool Read() { return connection_->Read(service_); }

  Fd client_;
  std::unique_ptr<TcpConnection> connection_;
  TcpService service_;
  int answered_ = 0;
};

TEST_F(TcpConnectionTest, AnswersPipelinedQueriesInTheirOrder) {
  Give(Framed("one") + Framed("two") + Framed("three"));
  EXPECT_TRUE(Read());
  EXPECT_EQ(Take(), Framed("one") + Framed("two") + Framed("three"));
  EXPECT_EQ(connection_->state(), State::kIdle);
}

TEST_F(TcpConnectionTest, HalfAQueryIsNoProgress) {
  const std::string query = Framed("query");
  for (std::size_t i = 0; i + 1 < query.size(); ++i) {
    Give(query.substr(i, 1));
    EXPECT_FALSE(Read());
    EXPECT_EQ(connection_->state(), State::kReceiving);
  }
  Give(query.substr(query.size() - 1) + "\0"s);
  EXPECT_TRUE(Read());
  EXPECT_EQ(connection_->state(), State::kReceiving);  // the next one's first octet
  EXPECT_EQ(Take(), query);
}

TEST_F(TcpConnectionTest, NothingNewIsNoProgressNorEnd) {
  EXPECT_FALSE(Read());
  EXPECT_EQ(connection_->state(), State::kIdle);
}

TEST_F(TcpConnectionTest, AClientThatHasClosedItsHalfGetsItsAnswers) {
  Give(Framed("one") + Framed("two"));
  ASSERT_EQ(shutdown(client_.get(), SHUT_WR), 0);
  EXPECT_TRUE(Read());
  EXPECT_FALSE(Read());
  EXPECT_EQ(connection_->state(), State::kEnded);
  EXPECT_EQ(connection_->end(), TcpEnd::kClient);
  EXPECT_EQ(Take(), Framed("one") + Framed("two"));
}

TEST_F(TcpConnectionTest, WhatIsNoQueryEndsItAfterTheAnswersBefore) {
  Give(Framed("one") + Framed("none") + Framed("two"));
  EXPECT_TRUE(Read());
  EXPECT_EQ(connection_->state(), State::kEnded);
  EXPECT_EQ(connection_->end(), TcpEnd::kNoQuery);
  EXPECT_EQ(Take(), Framed("one"));
}

TEST_F(TcpConnectionTest, AClientThatIsGoneEndsIt) {
  Give(Framed("one"));
  client_ = Fd();
  Read();
  EXPECT_EQ(connection_->state(), State::kEnded);
  EXPECT_EQ(connection_->end(), TcpEnd::kClient);
}

TEST_F(TcpConnectionTest, IsNotAnsweredFurtherWhileItDoesNotRead) {
  std::string queries;
  for (int i = 0; i < 1000; ++i) queries += Framed("big");
  Give(queries);
  EXPECT_TRUE(Read());
  EXPECT_EQ(connection_->state(), State::kSending);
  EXPECT_LT(answered_, 20);  // what the kernel keeps for a client that does not read, and one
  EXPECT_FALSE(connection_->Write(service_));
  EXPECT_EQ(connection_->state(), State::kSending);
}

TEST_F(TcpConnectionTest, GoesOnWhereItStoppedOnceTheClientReads) {
  std::string queries, want;
  for (int i = 0; i < 50; ++i) {
    const std::string small = "query " + std::to_string(i);
    queries += Framed("big") + Framed(small);
    want += Framed(std::string(65535, 'b')) + Framed(small);
  }
  Give(queries + "\0"s);
  Read();
  std::string got = Take();
  for (int i = 0; i < 1000 && connection_->state() == State::kSending; ++i) {
    connection_->Write(service_);
    got += Take();
  }
  EXPECT_EQ(connection_->state(), State::kReceiving);
  EXPECT_EQ(answered_, 100);
  EXPECT_TRUE(got == want);
}

TEST_F(TcpConnectionTest, TakesPartOfWhatIsUnsentWithoutProgress) {
  Give(Framed("big") + Framed("big") + Framed("big") + Framed("big") + Framed("big") +
       Framed("big") + Framed("big") + Framed("big"));
  Read();
  ASSERT_EQ(connection_->state(), State::kSending);
  char part[4096];
  ASSERT_EQ(recv(client_.get(), part, sizeof part, 0), 4096);
  EXPECT_FALSE(connection_->Write(service_));
  EXPECT_EQ(connection_->state(), State::kSending);
}

TEST_F(TcpConnectionTest, AResetWhileSendingEndsIt) {
  for (int i = 0; i < 8; ++i) Give(Framed("big"));
  Read();
  ASSERT_EQ(connection_->state(), State::kSending);
  client_ = Fd();
  EXPECT_FALSE(connection_->Write(service_));
  EXPECT_EQ(connection_->state(), State::kEnded);
}

}  // namespace
}  // namespace dnsd::server

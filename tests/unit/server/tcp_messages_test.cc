#include "dnsd/server/tcp_messages.h"

#include <gmock/gmock.h>

#include <string>

namespace dnsd::server {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

std::span<const std::uint8_t> Octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// All messages that a piece completes.
std::vector<std::string> Feed(TcpMessages& messages, const std::string& text) {
  auto piece = Octets(text);
  std::vector<std::string> all;
  while (const auto message = messages.Next(piece))
    all.emplace_back(message->begin(), message->end());
  EXPECT_TRUE(piece.empty());
  return all;
}

TEST(TcpMessages, APieceMayHoldSeveral) {
  TcpMessages messages;
  EXPECT_THAT(Feed(messages, "\0\2ab\0\1c\0\3def"s), ElementsAre("ab", "c", "def"));
  EXPECT_FALSE(messages.has_half());
}

TEST(TcpMessages, WhatLiesWholeInAPieceIsGivenOutInPlace) {
  TcpMessages messages;
  const std::string text = "\0\2ab"s;
  auto piece = Octets(text);
  EXPECT_EQ(messages.Next(piece)->data(), Octets(text).data() + 2);
}

TEST(TcpMessages, AMessageMayComeInAnyPieces) {
  const std::string text = "\0\2ab\0\0\0\3def\0\1g"s;
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      SCOPED_TRACE(std::to_string(first) + " " + std::to_string(second));
      TcpMessages messages;
      auto all = Feed(messages, text.substr(0, first));
      for (const std::string& piece : {text.substr(first, second - first), text.substr(second)}) {
        for (auto& message : Feed(messages, piece)) all.push_back(std::move(message));
      }
      EXPECT_THAT(all, ElementsAre("ab", "", "def", "g"));
      EXPECT_FALSE(messages.has_half());
    }
  }
}

TEST(TcpMessages, TellsWhetherHalfAMessageIsKept) {
  const struct {
    const char* what;
    std::string piece;
    bool half;
  } cases[] = {{"nothing", "", false},      {"half a length", "\0"s, true},
               {"a length", "\0\2"s, true}, {"but the last octet", "\0\2a"s, true},
               {"all", "\0\2ab"s, false},   {"and half a length", "\0\2ab\0"s, true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    TcpMessages messages;
    Feed(messages, c.piece);
    EXPECT_EQ(messages.has_half(), c.half);
  }
}

TEST(TcpMessages, TheLongestMessageHas65535Octets) {
  const std::string body(65535, 'x');
  const std::string text = "\xFF\xFF" + body + "\0\1a"s;
  TcpMessages messages;
  EXPECT_THAT(Feed(messages, text.substr(0, 65536)), ElementsAre());
  EXPECT_THAT(Feed(messages, text.substr(65536)), ElementsAre(body, "a"));
}

TEST(TcpMessages, StaysValidUntilTheNextCall) {
  TcpMessages messages;
  Feed(messages, "\0\3a"s);
  const std::string rest = "bc\0\1d"s;
  auto piece = Octets(rest);
  const auto message = messages.Next(piece);
  EXPECT_EQ(std::string(message->begin(), message->end()), "abc");
  EXPECT_FALSE(messages.has_half());
  EXPECT_EQ(piece.size(), 3U);
}

}  // namespace
}  // namespace dnsd::server

#include "reporter/rtt_meter.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

const MonotonicTime kStart{1h};

sockaddr_in Address(const char* text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

// A server on a free port of 127.0.1.1, with clients from the addresses given.
class Served {
 public:
  explicit Served(const std::vector<const char*>& clients) {
    const int listener = Open();
    auto server = Address("127.0.1.1", 0);
    socklen_t size = sizeof server;
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&server), size), 0);
    EXPECT_EQ(listen(listener, 16), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&server), &size), 0);
    port_ = ntohs(server.sin_port);
    for (const char* text : clients) {
      const int client = Open();
      auto own = Address(text, 0);
      EXPECT_EQ(bind(client, reinterpret_cast<sockaddr*>(&own), size), 0);
      EXPECT_EQ(connect(client, reinterpret_cast<sockaddr*>(&server), size), 0);
      sockets_.push_back(accept(listener, nullptr, nullptr));
    }
  }
  ~Served() {
    for (const int fd : sockets_) close(fd);
  }
  ConnectionFilter Filter(const char* address) const {
    return {{port_}, {*IpAddress::Parse(address)}};
  }

 private:
  int Open() { return sockets_.emplace_back(socket(AF_INET, SOCK_STREAM, 0)); }
  std::vector<int> sockets_;
  std::uint16_t port_ = 0;
};

TEST(RttMeter, GroupsTheConnectionsToTheNodesAddresses) {
  const Served served({"127.7.8.1", "127.7.8.2", "127.7.9.1"});
  RttMeter meter({}, served.Filter("127.0.1.1"));
  const auto prefixes = meter.Read(kStart);
  ASSERT_TRUE(prefixes);
  ASSERT_EQ(prefixes->size(), 2U);
  EXPECT_EQ(prefixes->at(0).prefix.ToString(), "127.7.8.0");
  EXPECT_EQ(prefixes->at(0).count, 2U);
  EXPECT_LE(prefixes->at(0).minimum_us, prefixes->at(0).median_us);
  EXPECT_EQ(prefixes->at(1).prefix.ToString(), "127.7.9.0");
  EXPECT_EQ(prefixes->at(1).count, 1U);
}

TEST(RttMeter, CountsConnectionsToOtherAddressesOnlyIfToldTo) {
  const Served served({"127.7.8.1"});
  RttMeter own({}, served.Filter("127.0.1.2"));
  EXPECT_TRUE(own.Read(kStart)->empty());
  RttMeter any({.any_address = true}, served.Filter("127.0.1.2"));
  EXPECT_EQ(any.Read(kStart)->size(), 1U);
}

TEST(RttMeter, LooksAgainAfterItsInterval) {
  const Served served({"127.7.8.1"});
  // Longer than any look takes, 200 times over.
  RttMeter meter({.interval = 10min}, served.Filter("127.0.1.1"));
  EXPECT_TRUE(meter.Read(kStart));
  EXPECT_FALSE(meter.Read(kStart + 10min - 1ms));
  EXPECT_TRUE(meter.Read(kStart + 10min));
}

}  // namespace
}  // namespace dnsd::reporter

#include "reporter/sock_diag.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

namespace dnsd::reporter {
namespace {

constexpr std::size_t kHeader = 16;  // octets of an nlmsghdr
constexpr std::size_t kSocket = 72;  // of an inet_diag_msg

// What a kernel answered: see tests/fuzz/sock_diag_fuzz.cc.
std::vector<char> Recorded(const std::string& name) {
  std::ifstream in(DNSD_SOURCE_DIR "/tests/fuzz/corpus/sock_diag/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Reads the message from memory of exactly its size, its length field set to that.
std::optional<DiagConnection> Read(const std::vector<char>& octets) {
  const std::unique_ptr<char[]> memory(new char[octets.size()]);
  std::copy(octets.begin(), octets.end(), memory.get());
  auto* message = reinterpret_cast<nlmsghdr*>(memory.get());
  message->nlmsg_len = static_cast<std::uint32_t>(octets.size());
  return ReadDiag(*message);
}

TEST(ReadDiag, ReadsWhatTheKernelWrote) {
  const struct {
    const char* name;
    const char* local;
    const char* peer;
    std::uint16_t port;
    std::uint32_t rtt_us;
  } cases[] = {{"ipv4", "127.0.1.1", "127.7.8.9", 43549, 16},
               {"ipv6", "::1", "::1", 59281, 7},
               {"mapped", "127.0.1.1", "127.7.8.9", 52521, 7}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto connection = Read(Recorded(c.name));
    ASSERT_TRUE(connection);
    EXPECT_EQ(connection->local.ToString(), c.local);
    EXPECT_EQ(connection->local_port, c.port);
    EXPECT_EQ(connection->peer.ToString(), c.peer);
    EXPECT_EQ(connection->rtt_us, c.rtt_us);
  }
}

TEST(ReadDiag, AMessageCutShortHasNoRoundTripTimeOrNothing) {
  const std::vector<char> whole = Recorded("ipv4");
  ASSERT_EQ(whole.size(), 408U);
  std::size_t with_rtt = 0;
  for (std::size_t size = kHeader; size <= whole.size(); ++size) {
    const auto connection =
        Read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_EQ(connection.has_value(), size >= kHeader + kSocket) << size;
    if (connection) {
      EXPECT_EQ(connection->peer.ToString(), "127.7.8.9");
      with_rtt += connection->rtt_us != 0;
    }
  }
  EXPECT_EQ(with_rtt, 1U);  // an attribute is whole, or is none
}

// Attribute lengths that lie, each octet of the attributes in turn set to 0 and to 255.
TEST(ReadDiag, ReadsNothingPastAMessageWhoseLengthsLie) {
  const std::vector<char> whole = Recorded("ipv4");
  for (std::size_t i = kHeader + kSocket; i < whole.size(); ++i) {
    for (const char value : {'\0', '\xFF'}) {
      std::vector<char> wrong = whole;
      wrong[i] = value;
      const auto connection = Read(wrong);
      ASSERT_TRUE(connection);
      EXPECT_EQ(connection->peer.ToString(), "127.7.8.9");
    }
  }
}

TEST(ReadDiag, AnInfoTooShortForTheTimeTellsNone) {
  std::vector<char> octets = Recorded("ipv4");
  // The info of 284 octets, which is the last, now ends behind tcpi_rtt or an octet before.
  const std::size_t info = octets.size() - 284;
  for (const std::uint16_t size : {std::uint16_t{76}, std::uint16_t{75}}) {
    std::memcpy(&octets[info], &size, sizeof size);
    EXPECT_EQ(Read(octets)->rtt_us, size == 76 ? 16U : 0U);
  }
}

TEST(ReadDiag, AnotherFamilyIsNotRead) {
  std::vector<char> octets = Recorded("ipv4");
  octets[kHeader] = AF_UNIX;
  EXPECT_FALSE(Read(octets));
}

// A connection on loopback, an octet of which has been acknowledged.
class Connection {
 public:
  Connection() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, any, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    EXPECT_EQ(connect(client_, any, size), 0);
    server_ = accept(listener_, nullptr, nullptr);
    char octet = 0;
    EXPECT_EQ(write(server_, &octet, 1), 1);
    EXPECT_EQ(read(client_, &octet, 1), 1);
  }
  ~Connection() {
    for (const int fd : {listener_, client_, server_}) close(fd);
  }
  std::uint16_t port() const { return port_; }

 private:
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  int client_ = socket(AF_INET, SOCK_STREAM, 0);
  int server_ = -1;
  std::uint16_t port_ = 0;
};

TEST(SockDiag, AsksTheKernelForConnectionsAndTheirRoundTripTimes) {
  const Connection one, other;
  SockDiag diag;
  for (const bool with_rtt : {true, false}) {
    std::vector<DiagConnection> found;
    ASSERT_TRUE(diag.Dump({1, one.port()}, with_rtt, [&](const DiagConnection& connection) {
      found.push_back(connection);
      return true;
    }));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].local.ToString(), "127.0.0.1");
    EXPECT_EQ(found[0].local_port, one.port());
    EXPECT_EQ(found[0].peer.ToString(), "127.0.0.1");
    EXPECT_EQ(found[0].rtt_us > 0, with_rtt);
  }
}

TEST(SockDiag, StopsWhenAskedToAndGoesOnAfterwards) {
  const Connection one, other;
  SockDiag diag;
  for (int i = 0; i < 2; ++i) {
    int seen = 0;
    EXPECT_TRUE(diag.Dump({one.port(), other.port()}, true, [&](const DiagConnection&) {
      ++seen;
      return false;
    }));
    EXPECT_EQ(seen, 1);
  }
}

TEST(SockDiag, FailsForMorePortsThanTheKernelsFilterTakes) {
  SockDiag diag;
  EXPECT_FALSE(diag.Dump(std::vector<std::uint16_t>(1500, 1), true,
                         [](const DiagConnection&) { return true; }));
}

}  // namespace
}  // namespace dnsd::reporter

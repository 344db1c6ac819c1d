#include "reporter/connections.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dnsd::reporter {
namespace {

constexpr Duration kAskAgain = std::chrono::minutes(1);  // after the kernel did not answer

// "0100007F:0050": words of 32 bits in the machine's order, then the port.
bool MatchesLocal(std::string_view word, const ConnectionFilter& filter) {
  const std::size_t colon = word.find(':');
  if (colon != 8 && colon != 32) return false;
  const auto port = ParseUnsigned(word.substr(colon + 1), 16);
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i * 8 < colon; ++i) {
    const auto value = ParseUnsigned(word.substr(i * 8, 8), 16);
    if (!value) return false;
    words[i] = static_cast<std::uint32_t>(*value);
  }
  return port && *port <= 0xFFFF &&
         filter.Matches(SocketAddress(colon == 32, words.data()),
                        static_cast<std::uint16_t>(*port));
}

ConnectionCount Sum(const ConnectionCount& a, const ConnectionCount& b) {
  return {a.established + b.established, a.waiting + b.waiting};
}

// "00000000:0000001F": octets to send and to read.
bool HasUnread(std::string_view queues) {
  const std::size_t colon = queues.find(':');
  return colon != std::string_view::npos &&
         ParseUnsigned(queues.substr(colon + 1), 16).value_or(0) > 0;
}

}  // namespace

bool ConnectionFilter::Matches(const IpAddress& address, std::uint16_t port) const {
  return std::find(ports.begin(), ports.end(), port) != ports.end() &&
         (addresses.empty() ||
          std::find(addresses.begin(), addresses.end(), address) != addresses.end());
}

ConnectionCounter::ConnectionCounter(ConnectionFilter filter, const FileRoot& files)
    : filter_(std::move(filter)), files_(files) {}

std::optional<ConnectionCount> ConnectionCounter::CountByFiles() const {
  std::optional<ConnectionCount> count;
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const auto text = files_.Read(path, 64U << 20);
    if (text) count = Sum(count.value_or(ConnectionCount{}), CountConnections(*text, filter_));
  }
  return count;
}

std::optional<ConnectionCount> ConnectionCounter::Count(MonotonicTime now) {
  if (files_.is_system() && now >= ask_at_) {
    ConnectionCount count;
    const bool told = diag_.Dump(filter_.ports, false, [&](const DiagConnection& connection) {
      if (!filter_.Matches(connection.local, connection.local_port)) return true;
      ++count.established;
      if (connection.unread > 0) ++count.waiting;
      return true;
    });
    if (told) return count;
    ask_at_ = now + kAskAgain;
  }
  return CountByFiles();
}

ConnectionCount CountConnections(std::string_view text, const ConnectionFilter& filter) {
  ConnectionCount count;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    NextWord(line);  // its number in the list
    const std::string_view local = NextWord(line);
    NextWord(line);  // the peer
    if (NextWord(line) != "01" || !MatchesLocal(local, filter)) continue;
    ++count.established;
    if (HasUnread(NextWord(line))) ++count.waiting;
  }
  return count;
}

}  // namespace dnsd::reporter

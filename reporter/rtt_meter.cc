#include "reporter/rtt_meter.h"

#include <algorithm>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::reporter {
namespace {

// A look walks the kernel's whole table of connections. It is not repeated before this many times
// what it took: 0.5 % of a core at most.
constexpr int kRest = 200;

}  // namespace

std::optional<std::vector<PrefixRtt>> RttMeter::Read(MonotonicTime now) {
  if (now < next_) return std::nullopt;
  const MonotonicTime begin = MonotonicClock::now();
  auto prefixes = Look();
  next_ = now + std::max(config_.interval, (MonotonicClock::now() - begin) * kRest);
  return prefixes;
}

std::vector<PrefixRtt> RttMeter::Look() {
  ConnectionFilter counted = filter_;
  if (config_.any_address) counted.addresses.clear();
  std::vector<ClientRtt> rtts;
  const bool told = diag_.Dump(filter_.ports, true, [&](const DiagConnection& connection) {
    if (counted.Matches(connection.local, connection.local_port)) {
      rtts.push_back({connection.peer, connection.rtt_us});
    }
    return rtts.size() < kMostConnections;
  });
  if (!told && !failing_) {
    spdlog::info("round-trip times are not known: the kernel's sock_diag does not answer");
  }
  failing_ = !told;
  return GroupByPrefix(std::move(rtts));
}

}  // namespace dnsd::reporter

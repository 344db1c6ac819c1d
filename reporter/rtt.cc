#include "reporter/rtt.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace dnsd::reporter {
namespace {

constexpr std::uint32_t kMostUs = 60'000'000;  // as dnsd takes them: below

IpAddress PrefixOf(const IpAddress& client) {
  return client.Masked(client.family() == IpFamily::kV4 ? PrefixRtt::kBits4 : PrefixRtt::kBits6);
}

}  // namespace

std::vector<PrefixRtt> GroupByPrefix(std::vector<ClientRtt> rtts) {
  std::erase_if(rtts,
                [](const ClientRtt& rtt) { return rtt.rtt_us == 0 || rtt.rtt_us >= kMostUs; });
  for (ClientRtt& rtt : rtts) rtt.client = PrefixOf(rtt.client);
  std::sort(rtts.begin(), rtts.end(), [](const ClientRtt& a, const ClientRtt& b) {
    return std::tie(a.client, a.rtt_us) < std::tie(b.client, b.rtt_us);
  });
  std::vector<PrefixRtt> groups;
  for (std::size_t first = 0; first < rtts.size();) {
    std::size_t last = first;
    while (last < rtts.size() && rtts[last].client == rtts[first].client) ++last;
    const std::size_t count = last - first;
    groups.push_back({rtts[first].client, static_cast<std::uint32_t>(count),
                      rtts[first + count / 2].rtt_us, rtts[first].rtt_us});
    first = last;
  }
  return groups;
}

void RttNews::Tell(const RttRound& round, MonotonicTime now, heartbeat::v1::Heartbeat& out) {
  if (round.number != round_) Begin(round);
  if (queue_.empty() || now < told_at_ + kTellPeriod) return;
  told_at_ = now;
  for (int i = 0; i < kMostTold && !queue_.empty(); ++i) {
    const PrefixRtt& rtt = round.prefixes[queue_.back()];
    queue_.pop_back();
    told_[rtt.prefix] = round_;
    auto& sample = *out.add_rtts();
    sample.set_prefix(rtt.prefix.octets().data(), rtt.prefix.size());
    sample.set_length(rtt.prefix.family() == IpFamily::kV4 ? PrefixRtt::kBits4 : PrefixRtt::kBits6);
    sample.set_count(rtt.count);
    sample.set_median_us(rtt.median_us);
    sample.set_minimum_us(rtt.minimum_us);
  }
}

// Puts the round's prefixes into their order. Those that it has not are forgotten.
void RttNews::Begin(const RttRound& round) {
  round_ = round.number;
  const auto before = std::exchange(told_, {});
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ranks;  // and the prefix's number
  ranks.reserve(round.prefixes.size());
  for (const PrefixRtt& rtt : round.prefixes) {
    const auto at = before.find(rtt.prefix);
    const std::uint64_t told = at == before.end() ? 0 : at->second;
    told_.emplace(rtt.prefix, told);
    constexpr std::uint64_t kNew = std::uint64_t{1} << 62;
    const std::uint64_t waited = round_ - told;
    const std::uint64_t rank = told == 0 ? kNew + rtt.count : rtt.count * waited * waited;
    ranks.emplace_back(rank, static_cast<std::uint32_t>(ranks.size()));
  }
  std::sort(ranks.begin(), ranks.end());
  queue_.clear();
  for (const auto& [rank, number] : ranks) queue_.push_back(number);
}

}  // namespace dnsd::reporter

#include "dnsd/answer/rate_limit.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "dnsd/base/random.h"

namespace dnsd::answer {
namespace {

__extension__ typedef unsigned __int128 Uint128;

constexpr std::int64_t kSecond = 1'000'000'000;  // nanoseconds

constexpr std::uint64_t kAllClasses = 0xFF;  // the class of the account for all responses

constexpr std::int64_t IntervalOf(std::uint32_t rate) { return rate == 0 ? 0 : kSecond / rate; }

// The octets from `at` on as a number, of which the first `bits` are kept.
std::uint64_t LoadPrefix(std::span<const std::uint8_t> octets, std::size_t at, int bits) {
  if (bits <= 0) return 0;
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    word = word << 8 | (at + i < octets.size() ? octets[at + i] : 0U);
  }
  return bits >= 64 ? word : word & ~(~std::uint64_t{0} >> bits);
}

}  // namespace

RateLimiter::RateLimiter(RateLimitSettings settings, std::uint64_t seed)
    : settings_(std::move(settings)),
      all_interval_(IntervalOf(settings_.all_rate)),
      most_owed_(kSecond * (1 + settings_.window.count())),
      lines_(std::bit_ceil(std::max<std::size_t>(settings_.entries, kLineAccounts)) /
             kLineAccounts) {
  Random random(seed);
  for (std::uint64_t& key : keys_) key = random.Next();
  std::transform(settings_.rates.begin(), settings_.rates.end(), intervals_.begin(), IntervalOf);
}

std::uint64_t RateLimiter::Hash(const IpAddress& client, std::uint64_t name_hash,
                                std::uint64_t kind) const {
  const bool v4 = client.family() == IpFamily::kV4;
  const int bits = v4 ? settings_.ipv4_prefix : settings_.ipv6_prefix;
  const std::uint64_t high = LoadPrefix(client.octets(), 0, bits);
  const std::uint64_t low = v4 ? 0 : LoadPrefix(client.octets(), 8, bits - 64);
  const std::uint64_t rest = kind << 1 | (v4 ? 1 : 0);
  const Uint128 sum = static_cast<Uint128>(high + keys_[0]) * (low + keys_[1]) +
                      static_cast<Uint128>(name_hash + keys_[2]) * (rest + keys_[3]);
  const Uint128 folded = static_cast<Uint128>(static_cast<std::uint64_t>(sum) + keys_[4]) *
                         (static_cast<std::uint64_t>(sum >> 64) + keys_[5]);
  return static_cast<std::uint64_t>(folded) ^ static_cast<std::uint64_t>(folded >> 64);
}

std::uint64_t RateLimiter::HashOf(const IpAddress& client, const LimitSubject& subject) const {
  const auto response_class = static_cast<std::uint64_t>(subject.response_class);
  return Hash(client, subject.name_hash, std::uint64_t{subject.type} << 8 | response_class);
}

RateLimiter::Account& RateLimiter::Find(std::uint64_t hash, std::int64_t now) {
  // The tag is the upper bits, the line the lower.
  Line& line = lines_[LineOf(hash)];
  const std::uint64_t tag = hash >> 8;
  Account* least = &line.accounts[0];
  for (Account& account : line.accounts) {
    if (account.tag == tag) return account;
    if (account.spent_until < least->spent_until) least = &account;
  }
  least->tag = tag & ((std::uint64_t{1} << 56) - 1);
  least->limited = 0;
  least->spent_until = now;
  return *least;
}

Verdict RateLimiter::Debit(std::uint64_t hash, std::int64_t interval, std::int64_t now) {
  Account& account = Find(hash, now);
  const std::int64_t spent = std::max<std::int64_t>(account.spent_until, now) + interval;
  account.spent_until = std::min(spent, now + most_owed_);
  if (spent - now <= kSecond) return Verdict::kSend;
  if (settings_.slip == 0) return Verdict::kDrop;
  if (account.limited + 1U < settings_.slip) {
    ++account.limited;
    return Verdict::kDrop;
  }
  account.limited = 0;
  return Verdict::kSlip;
}

bool RateLimiter::IsExempt(const IpAddress& client) const {
  return std::any_of(settings_.exempt.begin(), settings_.exempt.end(),
                     [&](const IpPrefix& prefix) { return prefix.Contains(client); });
}

Verdict RateLimiter::Judge(const IpAddress& client, const LimitSubject& subject,
                           std::chrono::milliseconds now) {
  const std::int64_t time = std::chrono::nanoseconds(now).count();
  const auto response_class = static_cast<std::size_t>(subject.response_class);
  Verdict verdict = Verdict::kSend;
  if (const std::int64_t interval = intervals_[response_class]; interval != 0) {
    verdict = Debit(HashOf(client, subject), interval, time);
  }
  if (all_interval_ != 0) {
    const Verdict all = Debit(Hash(client, 0, kAllClasses), all_interval_, time);
    if (verdict == Verdict::kSend) verdict = all;
  }
  // Asked last, since few responses are limited: a list costs the others nothing.
  return verdict != Verdict::kSend && IsExempt(client) ? Verdict::kSend : verdict;
}

}  // namespace dnsd::answer

// Response rate limiting: keeps a flood of queries under a forged address from becoming a flood of
// answers to the address forged. After BIND's rate-limit: each client prefix has an account for
// each response it may be sent over and over, which earns a number of responses a second; what is
// asked beyond them is dropped, or now and then answered with TC alone, so that a resolver that is
// really there comes again over TCP.
//
//   lines_   hash of (prefix, class, name, type) -> one cache line of four accounts
//   account  what tells it from the others of its line, and the time up to which it has spent
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::answer {

// What kind of response an account is for, each with a rate of its own.
enum class ResponseClass : std::uint8_t { kAnswer, kReferral, kNoData, kNxDomain, kError };
inline constexpr std::size_t kResponseClasses = 5;

struct RateLimitSettings {
  static constexpr std::uint32_t kMostRate = 1'000'000;
  static constexpr std::uint32_t kMostEntries = 1U << 22;
  static constexpr std::uint32_t kMostSlip = 100;

  // Responses a second to one prefix from one worker, by class; 0: as many as are asked for.
  std::array<std::uint32_t, kResponseClasses> rates{};
  std::uint32_t all_rate = 0;       // and of all classes and names together
  std::uint32_t slip = 2;           // one of so many goes out with TC, 1: each; 0: all are dropped
  std::chrono::seconds window{15};  // the most seconds' worth of responses an account may owe
  std::uint8_t ipv4_prefix = 24;    // bits of the client's address that tell accounts apart
  std::uint8_t ipv6_prefix = 56;
  std::uint32_t entries = 65'536;  // accounts, 16 octets each; rounded up to a power of two
  std::vector<IpPrefix> exempt;    // clients that are never limited
  bool dry_run = false;            // count what would be limited, and send it

  std::uint32_t& rate(ResponseClass c) { return rates[static_cast<std::size_t>(c)]; }
  std::uint32_t rate(ResponseClass c) const { return rates[static_cast<std::size_t>(c)]; }
  friend bool operator==(const RateLimitSettings&, const RateLimitSettings&) = default;
};

// The responses that share an account: those of one class that are alike to whoever floods with
// them. Names that come out of a wildcard, or that do not exist, are one by one as good as
// another, so they share: `name_hash` is then that of the wildcard, or of the zone.
struct LimitSubject {
  ResponseClass response_class = ResponseClass::kAnswer;
  std::uint64_t name_hash = 0;  // of the owner name in lower case; 0 where any will do
  std::uint16_t type = 0;       // QTYPE; 0 where any will do
};

enum class Verdict : std::uint8_t {
  kSend,
  kDrop,
  kSlip,  // send an empty response with TC
};

// One worker's accounts. Memory is taken by the constructor and never after; used by one thread.
//
// An account is a token bucket that holds a second's worth, kept as one time: that at which all
// that was asked for will have been earned. Each response moves it on by 1/rate; one that would
// move it more than a second past now is limited, and moves it all the same, `window` further at
// most. So a flood is answered for its first second, then not before it has fallen below the rate.
//
// A new account takes the place of that of its line which owes least: forgetting it gives away the
// least, and an account that is being limited is the last to go, however many names and prefixes
// somebody makes up. The hash is keyed with secrets (UMAC's NH, RFC 4418 §5.2, where two inputs
// chosen without knowing the key meet with probability 2^-64), so nobody can aim at a line.
class RateLimiter {
 public:
  // `seed`: secret and another in each process.
  RateLimiter(RateLimitSettings settings, std::uint64_t seed);

  // Debits the accounts that a response to `client` falls to. `now`: monotonic, never going back.
  Verdict Judge(const IpAddress& client, const LimitSubject& subject,
                std::chrono::milliseconds now);
  // Brings what Judge will read into the cache.
  void Prefetch(const IpAddress& client, const LimitSubject& subject) const {
    __builtin_prefetch(&lines_[LineOf(HashOf(client, subject))], 1);
  }

  const RateLimitSettings& settings() const { return settings_; }
  // Accounts there is room for.
  std::size_t entries() const { return lines_.size() * kLineAccounts; }

 private:
  static constexpr std::size_t kLineAccounts = 4;

  struct Account {
    std::uint64_t tag : 56 = 0;     // the upper bits of the hash
    std::uint64_t limited : 8 = 0;  // responses limited since the last that slipped
    std::int64_t spent_until = 0;   // nanoseconds
  };
  struct alignas(64) Line {
    std::array<Account, kLineAccounts> accounts;
  };

  std::uint64_t Hash(const IpAddress& client, std::uint64_t name_hash, std::uint64_t kind) const;
  std::uint64_t HashOf(const IpAddress& client, const LimitSubject& subject) const;
  std::size_t LineOf(std::uint64_t hash) const { return hash & (lines_.size() - 1); }
  Account& Find(std::uint64_t hash, std::int64_t now);
  Verdict Debit(std::uint64_t hash, std::int64_t interval, std::int64_t now);
  bool IsExempt(const IpAddress& client) const;

  RateLimitSettings settings_;
  std::array<std::uint64_t, 6> keys_;
  std::array<std::int64_t, kResponseClasses> intervals_;  // nanoseconds a response; 0: unlimited
  std::int64_t all_interval_;
  std::int64_t most_owed_;  // nanoseconds past now
  std::vector<Line> lines_;
};

}  // namespace dnsd::answer

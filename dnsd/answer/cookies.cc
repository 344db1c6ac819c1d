#include "dnsd/answer/cookies.h"

#include <sodium/crypto_shorthash_siphash24.h>

#include <algorithm>
#include <cstring>

namespace dnsd::answer {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHashOffset = 16;  // of the hash in a full cookie
constexpr std::size_t kHashSize = crypto_shorthash_siphash24_BYTES;
static_assert(std::tuple_size_v<CookieSecret> == crypto_shorthash_siphash24_KEYBYTES);
static_assert(std::tuple_size_v<FullCookie> == kHashOffset + kHashSize);

// RFC 9018 §4.3, in seconds.
constexpr std::int32_t kOldest = 3600;
constexpr std::int32_t kRenewAfter = 1800;
constexpr std::int32_t kMostAhead = 300;

using Hash = std::array<std::uint8_t, kHashSize>;

// RFC 9018 §4.4: the octets before the hash, as they came, then the client's address.
Hash HashOf(std::span<const std::uint8_t> before, const IpAddress& client,
            const CookieSecret& secret) {
  std::array<std::uint8_t, kHashOffset + 16> input;
  const auto address = client.octets();
  std::memcpy(input.data(), before.data(), kHashOffset);
  std::memcpy(input.data() + kHashOffset, address.data(), address.size());
  Hash hash;
  crypto_shorthash_siphash24(hash.data(), input.data(), kHashOffset + address.size(),
                             secret.data());
  return hash;
}

// One comparison of 64 bits: how long it takes tells nothing of where two hashes differ.
bool IsHash(std::span<const std::uint8_t> octets, const Hash& hash) {
  std::uint64_t a;
  std::uint64_t b;
  static_assert(sizeof a == kHashSize);
  std::memcpy(&a, octets.data(), sizeof a);
  std::memcpy(&b, hash.data(), sizeof b);
  return a == b;
}

std::uint32_t TimestampOf(std::span<const std::uint8_t> cookie) {
  return std::uint32_t{cookie[12]} << 24 | std::uint32_t{cookie[13]} << 16 |
         std::uint32_t{cookie[14]} << 8 | cookie[15];
}

// Writes version, reserved octets, timestamp and hash behind the client's cookie.
void Make(const IpAddress& client, std::uint32_t now, const CookieSecret& secret,
          FullCookie& cookie) {
  const std::array<std::uint8_t, 8> fields = {kVersion,
                                              0,
                                              0,
                                              0,
                                              static_cast<std::uint8_t>(now >> 24),
                                              static_cast<std::uint8_t>(now >> 16),
                                              static_cast<std::uint8_t>(now >> 8),
                                              static_cast<std::uint8_t>(now)};
  std::copy(fields.begin(), fields.end(), cookie.begin() + wire::kClientCookieSize);
  const Hash hash = HashOf(cookie, client, secret);
  std::copy(hash.begin(), hash.end(), cookie.begin() + kHashOffset);
}

}  // namespace

Cookies::Standing Cookies::StandingOf(std::span<const std::uint8_t> received,
                                      const IpAddress& client, std::uint32_t now) const {
  if (received.size() != std::tuple_size_v<FullCookie>) return Standing::kBad;
  if (received[wire::kClientCookieSize] != kVersion) return Standing::kBad;
  // Serial number arithmetic (RFC 1982): the difference counts, not the order.
  const auto age = static_cast<std::int32_t>(now - TimestampOf(received));
  if (age > kOldest || age < -kMostAhead) return Standing::kBad;
  const auto all = secrets();
  const auto maker = std::find_if(all.begin(), all.end(), [&](const CookieSecret& secret) {
    return IsHash(received.subspan(kHashOffset), HashOf(received, client, secret));
  });
  if (maker == all.end()) return Standing::kBad;
  // A second secret is on its way in or out: servers that know the first alone shall do too.
  return maker == all.begin() && age <= kRenewAfter ? Standing::kGood : Standing::kToRenew;
}

CookieVerdict Cookies::Judge(std::span<const std::uint8_t> received, const IpAddress& client,
                             std::uint32_t now, FullCookie& reply) const {
  const Standing standing = StandingOf(received, client, now);
  if (standing == Standing::kGood) {
    std::copy(received.begin(), received.end(), reply.begin());
    return CookieVerdict::kGood;
  }
  std::copy_n(received.begin(), wire::kClientCookieSize, reply.begin());
  Make(client, now, secrets_.front(), reply);
  if (standing == Standing::kToRenew) return CookieVerdict::kGood;
  return received.size() == wire::kClientCookieSize ? CookieVerdict::kClient : CookieVerdict::kBad;
}

}  // namespace dnsd::answer

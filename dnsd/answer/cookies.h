// Server cookies: proof that a client has heard from us at the address it asks from.
//
//   COOKIE:  client cookie 8 | version 1, reserved 3, timestamp 4, hash 8      (RFC 9018 §4)
//                                                              └ SipHash-2-4 of all before it and
//                                                                the client's address, by a secret
//
// Servers that share the secrets, whoever wrote them, take each other's cookies.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "dnsd/base/ip.h"
#include "dnsd/wire/query.h"

namespace dnsd::answer {

using CookieSecret = std::array<std::uint8_t, 16>;

// What a COOKIE option holds in a response: the client's cookie and ours.
using FullCookie = std::array<std::uint8_t, 24>;

// What a query's cookie tells. kGood alone proves that the client's address is not forged.
enum class CookieVerdict : std::uint8_t {
  kNone,    // no cookie, or none of our business: cookies are off
  kClient,  // the client's alone: it has none of ours yet
  kBad,     // not of our making, too old, or another client's
  kGood,
};

// The secrets of one server. Immutable once built: safe to share between threads. Judging and
// making a cookie neither allocates nor locks.
class Cookies {
 public:
  static constexpr std::size_t kMostSecrets = 2;

  Cookies() = default;  // cookies are off
  // The first secret makes cookies, all of them prove one: kMostSecrets at most.
  explicit Cookies(std::span<const CookieSecret> secrets) : count_(secrets.size()) {
    std::copy(secrets.begin(), secrets.end(), secrets_.begin());
  }

  bool enabled() const { return count_ > 0; }
  std::span<const CookieSecret> secrets() const { return std::span(secrets_).first(count_); }

  // Judges `received`, the COOKIE data of a query from `client`, and puts into `reply` what the
  // response is to carry: the same cookie, or a new one where there was none, a bad one, or one
  // that is half an hour old (RFC 9018 §4.3). `now`: seconds since 1970, modulo 2^32.
  // Only where cookies are on and `received` is not empty.
  CookieVerdict Judge(std::span<const std::uint8_t> received, const IpAddress& client,
                      std::uint32_t now, FullCookie& reply) const;

 private:
  // How a cookie of ours stands.
  enum class Standing : std::uint8_t { kBad, kGood, kToRenew };
  Standing StandingOf(std::span<const std::uint8_t> received, const IpAddress& client,
                      std::uint32_t now) const;

  std::array<CookieSecret, kMostSecrets> secrets_{};
  std::size_t count_ = 0;
};

}  // namespace dnsd::answer

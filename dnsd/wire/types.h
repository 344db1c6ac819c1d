// Numbers of the DNS protocol by their names (IANA DNS Parameters registry).
#pragma once

#include <cstdint>

namespace dnsd::wire {

// RR TYPEs and QTYPEs that dnsd treats specially; every other value is carried as a number
// (RFC 3597).
enum class RrType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kMd = 3,
  kMf = 4,
  kCname = 5,
  kSoa = 6,
  kMb = 7,
  kMg = 8,
  kMr = 9,
  kWks = 11,
  kPtr = 12,
  kHinfo = 13,
  kMinfo = 14,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kNaptr = 35,
  kDname = 39,
  kOpt = 41,
  kDs = 43,
  kRrsig = 46,
  kNsec = 47,
  kDnskey = 48,
  kSvcb = 64,
  kHttps = 65,
  kTkey = 249,
  kTsig = 250,
  kIxfr = 251,
  kAxfr = 252,
  kMailb = 253,
  kMaila = 254,
  kAny = 255,
};

enum class RrClass : std::uint16_t { kIn = 1, kCh = 3, kAny = 255 };

enum class Opcode : std::uint8_t { kQuery = 0, kStatus = 2, kNotify = 4, kUpdate = 5 };

// RCODEs, the extended ones of EDNS included (RFC 6891 §6.1.3).
enum class Rcode : std::uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,
  kBadVers = 16,
};

// EDNS option codes that dnsd reads or writes.
enum class EdnsOption : std::uint16_t {
  kNsid = 3,
  kClientSubnet = 8,
  kCookie = 10,
  kTcpKeepalive = 11,
  kExtendedError = 15,
};

}  // namespace dnsd::wire

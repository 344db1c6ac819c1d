// What the configuration says of the server itself, as EDNS and class CH tell it: its identifier,
// its texts, and the secrets of its cookies.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dnsd/answer/cookies.h"
#include "dnsd/base/status.h"
#include "dnsd/base/yaml.h"

namespace dnsd::server {

struct EdnsConfig {
  std::vector<std::uint8_t> nsid;  // RFC 5001: opaque octets; empty: not told
  std::string chaos_version;       // of version.bind and version.server; empty: refused
  std::string chaos_identity;      // of hostname.bind and id.server; empty: refused
  bool cookies = true;             // RFC 7873
  std::string cookie_file;         // as opened; empty: one of our own making
  std::vector<answer::CookieSecret> cookie_secrets;  // what the file holds
};

// Room for an NSID is left in every response, with every other option and in 512 octets.
inline constexpr std::size_t kMostNsid = 128;
inline constexpr const char* kNsidWanted =
    "1 to 128 octets: a text, as ns1.example, or 0x and hexadecimal digits, two an octet";

// A text, or octets as 0x and pairs of hexadecimal digits; 1 to kMostNsid octets, else nothing.
std::optional<std::vector<std::uint8_t>> ParseNsid(const std::string& text);

// The secrets in the file at `path`: 32 hexadecimal digits each, one or two, with white space
// between; the first makes cookies, both prove them. A line that begins with # is a comment.
//   NotFound            it cannot be read
//   PermissionDenied    anybody may read or write it
//   InvalidArgument     it holds something else
// The message is what was wanted of the file.
absl::StatusOr<std::vector<answer::CookieSecret>> ReadCookieSecrets(const std::string& path);

// Reads `nsid`, `chaos` and `cookies` of the file's root. `path_of` makes of a path in the file
// one to open.
void ReadEdns(YamlMap& root, const std::function<std::string(const std::string&)>& path_of,
              EdnsConfig& out);

// The secrets to serve with: those of the file; `running`, those of the server that reloads; or,
// where there are neither, one that nobody knows. None where cookies are off.
std::vector<answer::CookieSecret> CookieSecretsOf(const EdnsConfig& config,
                                                  std::span<const answer::CookieSecret> running);

}  // namespace dnsd::server

#include "dnsd/server/edns_config.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string_view>

#include "dnsd/answer/chaos.h"

namespace dnsd::server {
namespace {

// -1 if it is none.
int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::vector<std::uint8_t>> Unhex(std::string_view digits) {
  std::vector<std::uint8_t> octets;
  if (digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = HexDigit(digits[i]);
    const int low = HexDigit(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    octets.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return octets;
}

std::optional<answer::CookieSecret> ParseSecret(const std::string& digits) {
  const auto octets = Unhex(digits);
  answer::CookieSecret secret;
  if (!octets || octets->size() != secret.size()) return std::nullopt;
  std::copy(octets->begin(), octets->end(), secret.begin());
  return secret;
}

answer::CookieSecret RandomSecret() {
  answer::CookieSecret secret;
  // Sixteen octets come whole once the kernel has gathered randomness, which it waits for.
  while (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
  }
  return secret;
}

void ReadText(YamlMap& map, const std::string& key, std::string& out) {
  std::string text;
  if (!map.Read(key, text)) return;
  if (text.size() > answer::ChaosTexts::kMostText) {
    map.Refuse(key, "a text of 1 to 255 octets");
  } else {
    out = std::move(text);
  }
}

}  // namespace

std::optional<std::vector<std::uint8_t>> ParseNsid(const std::string& text) {
  std::optional<std::vector<std::uint8_t>> octets;
  if (text.starts_with("0x")) {
    octets = Unhex(std::string_view(text).substr(2));
  } else {
    octets.emplace(text.begin(), text.end());
  }
  if (octets && (octets->empty() || octets->size() > kMostNsid)) octets.reset();
  return octets;
}

absl::StatusOr<std::vector<answer::CookieSecret>> ReadCookieSecrets(const std::string& path) {
  constexpr const char* kWanted =
      "a file that holds one or two secrets of 32 hexadecimal digits, the one that makes cookies "
      "first";
  std::ifstream in(path);
  struct stat file {};
  if (!in.is_open() || stat(path.c_str(), &file) != 0) {
    return absl::NotFoundError("a file that can be read");
  }
  if ((file.st_mode & S_IRWXO) != 0) {
    return absl::PermissionDeniedError(
        "a file that only its owner and group can read, since who knows a secret can forge "
        "cookies: chmod o= it");
  }
  std::vector<answer::CookieSecret> secrets;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      const auto secret = ParseSecret(word);
      // What was found is a secret: it is not told.
      if (!secret || secrets.size() == answer::Cookies::kMostSecrets) {
        return absl::InvalidArgumentError(kWanted);
      }
      secrets.push_back(*secret);
    }
  }
  if (secrets.empty()) return absl::InvalidArgumentError(kWanted);
  return secrets;
}

void ReadEdns(YamlMap& root, const std::function<std::string(const std::string&)>& path_of,
              EdnsConfig& out) {
  std::string nsid;
  if (root.Read("nsid", nsid)) {
    if (auto octets = ParseNsid(nsid)) {
      out.nsid = *std::move(octets);
    } else {
      root.Refuse("nsid", kNsidWanted);
    }
  }
  root.ReadMap("chaos", [&](YamlMap& chaos) {
    ReadText(chaos, "version", out.chaos_version);
    ReadText(chaos, "identity", out.chaos_identity);
  });
  root.ReadMap("cookies", [&](YamlMap& cookies) {
    cookies.Read("enabled", out.cookies);
    std::string file;
    if (!cookies.Read("secret_file", file)) return;
    out.cookie_file = path_of(file);
    auto secrets = ReadCookieSecrets(out.cookie_file);
    if (secrets.ok()) {
      out.cookie_secrets = *std::move(secrets);
    } else {
      cookies.Refuse("secret_file", Message(secrets.status()));
    }
  });
}

std::vector<answer::CookieSecret> CookieSecretsOf(const EdnsConfig& config,
                                                  std::span<const answer::CookieSecret> running) {
  if (!config.cookies) return {};
  if (!config.cookie_secrets.empty()) return config.cookie_secrets;
  if (!running.empty()) return {running.begin(), running.end()};
  return {RandomSecret()};
}

}  // namespace dnsd::server

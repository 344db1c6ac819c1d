#include "dnsd/server/reporter_grants.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "dnsd/base/pattern.h"

namespace dnsd::server {
namespace {

const ReporterGrant kAnything{.token = {},
                              .certificate_name = {},
                              .nodes = {"*"},
                              .addresses = {},
                              .sites = {},
                              .origin = {}};

bool MatchesOne(const std::string& text, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return MatchesPattern(text, pattern); });
}

}  // namespace

std::string TokenDigest(const std::string& token) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

ReporterGrants::ReporterGrants(std::vector<ReporterGrant> grants) : grants_(std::move(grants)) {
  for (const ReporterGrant& grant : grants_) {
    token_digests_.push_back(grant.token.empty() ? "" : TokenDigest(grant.token));
  }
}

absl::StatusOr<const ReporterGrant*> ReporterGrants::Identify(
    const std::string& token, const std::vector<std::string>& certificate_names) const {
  if (grants_.empty()) return &kAnything;
  const std::string digest = TokenDigest(token);
  const ReporterGrant* found = nullptr;
  // No early end: the time must not tell which token it was.
  for (std::size_t i = 0; i < grants_.size(); ++i) {
    const std::string& own = token_digests_[i];
    if (!own.empty() && CRYPTO_memcmp(own.data(), digest.data(), digest.size()) == 0) {
      found = &grants_[i];
    }
  }
  if (found != nullptr) return found;
  for (const ReporterGrant& grant : grants_) {
    if (!grant.certificate_name.empty() &&
        std::find(certificate_names.begin(), certificate_names.end(), grant.certificate_name) !=
            certificate_names.end()) {
      return &grant;
    }
  }
  if (!token.empty()) return absl::UnauthenticatedError("no reporter here has this token");
  if (certificate_names.empty()) {
    return absl::UnauthenticatedError("neither token nor certificate; wanted one of the two");
  }
  return absl::UnauthenticatedError("no reporter here has a certificate for '" +
                                    certificate_names.front() + "'");
}

absl::Status MaySpeakFor(const ReporterGrant& grant, const std::string& node,
                         const std::vector<IpAddress>& addresses) {
  if (!MatchesOne(node, grant.nodes)) {
    return absl::PermissionDeniedError("node '" + node + "' is not granted to this reporter");
  }
  if (grant.addresses.empty()) return absl::OkStatus();
  for (const IpAddress& address : addresses) {
    const bool granted =
        std::any_of(grant.addresses.begin(), grant.addresses.end(),
                    [&](const IpPrefix& prefix) { return prefix.Contains(address); });
    if (granted) continue;
    return absl::PermissionDeniedError("address " + address.ToString() +
                                       " is not granted to this reporter");
  }
  return absl::OkStatus();
}

bool MayHost(const ReporterGrant& grant, const wire::Name& site) {
  return grant.sites.empty() || MatchesOne(PatternText(site), grant.sites);
}

}  // namespace dnsd::server

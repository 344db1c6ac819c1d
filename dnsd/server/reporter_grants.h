// Who may report, and what for.
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/server/config.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {

// SHA-256. Digests have one length, so that comparing them does not tell a token's.
std::string TokenDigest(const std::string& token);

// Immutable and safe to share between threads.
class ReporterGrants {
 public:
  // Without grants anybody may speak for anything.
  explicit ReporterGrants(std::vector<ReporterGrant> grants);

  // The grant that a token, or one of the names of a verified certificate, proves; owned here.
  // Unauthenticated when there is none. The time it takes tells nothing about the tokens.
  absl::StatusOr<const ReporterGrant*> Identify(
      const std::string& token, const std::vector<std::string>& certificate_names) const;

 private:
  std::vector<ReporterGrant> grants_;
  std::vector<std::string> token_digests_;  // SHA-256 of each grant's token; empty: it has none
};

// PermissionDenied, with what is not granted, unless `grant` covers the node and its addresses.
absl::Status MaySpeakFor(const ReporterGrant& grant, const std::string& node,
                         const std::vector<IpAddress>& addresses);

// Whether `grant` covers a site.
bool MayHost(const ReporterGrant& grant, const wire::Name& site);

}  // namespace dnsd::server

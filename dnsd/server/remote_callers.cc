#include "dnsd/server/remote_callers.h"

#include <grpcpp/grpcpp.h>
#include <openssl/crypto.h>

#include <algorithm>

#include "dnsd/base/pattern.h"
#include "dnsd/base/printable.h"
#include "dnsd/server/grpc_port.h"
#include "dnsd/server/reporter_grants.h"

namespace dnsd::server {
namespace {

// The first of `names` that one of `patterns` matches, or null.
const std::string* FirstMatch(const std::vector<std::string>& names,
                              const std::vector<std::string>& patterns) {
  for (const std::string& name : names) {
    const auto matches = [&](const std::string& pattern) { return MatchesPattern(name, pattern); };
    if (std::any_of(patterns.begin(), patterns.end(), matches)) return &name;
  }
  return nullptr;
}

std::string CertificateText(const std::string& name) {
  return "certificate '" + Printable(name) + "'";
}

absl::Status CheckToken(const std::string& authorization, const std::string& digest) {
  static const std::string kBearer = "Bearer ";
  if (authorization.empty()) return absl::UnauthenticatedError("no token; wanted --token-file");
  const std::string shown = TokenDigest(
      authorization.starts_with(kBearer) ? authorization.substr(kBearer.size()) : authorization);
  if (CRYPTO_memcmp(shown.data(), digest.data(), digest.size()) == 0) return absl::OkStatus();
  return absl::UnauthenticatedError("not the token that dnsd has in control.token_file");
}

}  // namespace

RemoteCallers::RemoteCallers(const RemoteControlConfig& config)
    : names_(config.names),
      readers_(config.readers),
      token_digest_(config.token.empty() ? "" : TokenDigest(config.token)) {}

absl::StatusOr<Caller> RemoteCallers::Identify(const Shown& shown) const {
  if (!token_digest_.empty()) {
    DNSD_RETURN_IF_ERROR(CheckToken(shown.authorization, token_digest_));
  }
  const std::string at = " at " + shown.address;
  const auto& names = shown.certificate_names;
  if (names_.empty() && readers_.empty()) {
    return Caller{(names.empty() ? "the token" : CertificateText(names.front())) + at, true};
  }
  if (const std::string* name = FirstMatch(names, names_); name != nullptr) {
    return Caller{CertificateText(*name) + at, true};
  }
  if (const std::string* name = FirstMatch(names, readers_); name != nullptr) {
    return Caller{CertificateText(*name) + at, false};
  }
  if (names.empty()) return absl::UnauthenticatedError("no certificate; wanted --cert and --key");
  return absl::PermissionDeniedError(
      CertificateText(names.front()) +
      " may do nothing here; dnsd's control.names lists who may order, control.readers who may "
      "look");
}

Shown ShownBy(const grpc::ServerContext& context) {
  Shown shown{PeerAddress(context), CertificateNames(context), {}};
  const auto token = context.client_metadata().find("authorization");
  if (token != context.client_metadata().end()) {
    shown.authorization.assign(token->second.data(), token->second.size());
  }
  return shown;
}

}  // namespace dnsd::server

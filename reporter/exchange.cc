#include "reporter/exchange.h"

#include <fcntl.h>
#include <stdio.h>

#include <cerrno>
#include <cstring>

namespace dnsd::reporter {

absl::Status ExchangeNames(const std::string& a, const std::string& b) {
  if (renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(a + " and " + b + " cannot be exchanged: " + std::strerror(errno));
}

}  // namespace dnsd::reporter

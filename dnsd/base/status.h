// Errors outside the query path: absl::Status and absl::StatusOr, whose messages are for the
// operator: the file, the line, the value found, what was wanted.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dnsd {

// The message as a standard string (absl's string_view is not the standard's on Debian 12).
inline std::string Message(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

}  // namespace dnsd

// Leaves the calling function with the error of `expression`, if it is one.
#define DNSD_RETURN_IF_ERROR(expression)                                                \
  do {                                                                                  \
    if (absl::Status dnsd_status = (expression); !dnsd_status.ok()) return dnsd_status; \
  } while (false)

// Where messages for the operator go.
#pragma once

#include <string>

#include "dnsd/base/status.h"

namespace dnsd {

struct LogTarget {
  std::string to = "stderr";  // "stderr", "journald", or the path of a file
  bool json = false;          // an object a line; journald has fields of its own

  bool is_file() const { return to != "stderr" && to != "journald"; }
  friend bool operator==(const LogTarget&, const LogTarget&) = default;
};

// After StartLogging: sends messages there, a file opened anew and appended to. Any thread may log
// meanwhile.
//   Unavailable  the file cannot be written; messages go on where they went
absl::Status SetLogTarget(const LogTarget& target);

}  // namespace dnsd

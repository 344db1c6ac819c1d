#include "dnsd/server/state_files.h"

#include <filesystem>
#include <system_error>

namespace dnsd::server {

absl::Status MoveAside(const std::string& path, const std::string& aside) {
  namespace fs = std::filesystem;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    if (!fs::exists(path + suffix, error)) continue;
    fs::rename(path + suffix, aside + suffix, error);
    if (error) return absl::InternalError(path + suffix + ": cannot rename: " + error.message());
  }
  return absl::OkStatus();
}

}  // namespace dnsd::server

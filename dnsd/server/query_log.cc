#include "dnsd/server/query_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/query_line.h"

namespace dnsd::server {
namespace {

constexpr std::size_t kMostTogether = 64 * 1024;  // octets

}  // namespace

absl::StatusOr<std::unique_ptr<QueryLog>> QueryLog::Open(const std::string& path) {
  std::unique_ptr<QueryLog> log(new QueryLog(path));
  if (const absl::Status opened = log->OpenFile(); !opened.ok()) return opened;
  return log;
}

absl::Status QueryLog::OpenFile() {
  file_ = Fd(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (file_.get() >= 0) return absl::OkStatus();
  return absl::UnavailableError("cannot write the query log " + path_ + ": " +
                                std::strerror(errno));
}

void QueryLog::Take(const TappedQuery& query) {
  lines_ += QueryLine(query) + '\n';
  ++count_;
  if (lines_.size() >= kMostTogether) Write();
}

void QueryLog::Tend(MonotonicTime) {
  if (count_ > 0) Write();
}

void QueryLog::Reopen() {
  if (count_ > 0) Write();
  if (const absl::Status opened = OpenFile(); !opened.ok()) spdlog::error("{}", Message(opened));
}

void QueryLog::Write() {
  std::size_t done = 0;
  while (done < lines_.size()) {
    const ssize_t n = write(file_.get(), lines_.data() + done, lines_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      Lose(std::strerror(errno));
      break;
    }
    done += static_cast<std::size_t>(n);
  }
  if (done == lines_.size()) written_.Add(count_);
  lines_.clear();
  count_ = 0;
}

void QueryLog::Lose(const std::string& why) {
  lost_.Add(count_);
  std::uint64_t held_back = 0;
  if (!warnings_.Allow(MonotonicClock::now(), held_back)) return;
  spdlog::warn("query log {}: {}; {} lines are lost so far", path_, why, lost_.value());
}

}  // namespace dnsd::server

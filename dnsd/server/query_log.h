// The query log: a line for each query of the sample, in a file.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "dnsd/base/status.h"
#include "dnsd/server/sockets.h"
#include "dnsd/server/tap_sink.h"
#include "dnsd/server/warning_limit.h"

namespace dnsd::server {

class QueryLog : public TapSink {
 public:
  // Unavailable: the file cannot be opened.
  static absl::StatusOr<std::unique_ptr<QueryLog>> Open(const std::string& path);

  void Take(const TappedQuery& query) override;
  // Lines are written some together, at the latest now.
  void Tend(MonotonicTime now) override;
  void Reopen() override;

 private:
  explicit QueryLog(std::string path) : path_(std::move(path)) {}
  absl::Status OpenFile();
  void Write();
  void Lose(const std::string& why);

  const std::string path_;
  Fd file_;
  std::string lines_;        // not written yet
  std::uint64_t count_ = 0;  // of them
  WarningLimit warnings_{1, std::chrono::minutes(1)};
};

}  // namespace dnsd::server

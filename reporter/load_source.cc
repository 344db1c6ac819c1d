#include "reporter/load_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dnsd/base/duration.h"
#include "dnsd/base/log.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr std::size_t kMostOctets = 64U << 10;

absl::StatusOr<std::string> ReadOpen(int fd, Duration max_age, std::time_t now) {
  struct stat file {};
  if (fd < 0 || fstat(fd, &file) != 0) {
    return absl::NotFoundError(std::string("cannot read it: ") + std::strerror(errno));
  }
  if (!S_ISREG(file.st_mode)) return absl::InvalidArgumentError("wanted a regular file");
  const Duration age = std::chrono::seconds(now - file.st_mtim.tv_sec);
  if (max_age > Duration::zero() && age > max_age) {
    return absl::DeadlineExceededError("last modified more than " + DurationText(max_age) + " ago");
  }
  auto content = ReadAll(fd, kMostOctets);
  if (!content) return absl::NotFoundError(std::string("cannot read it: ") + std::strerror(errno));
  return *std::move(content);
}

}  // namespace

absl::StatusOr<LoadSourceConfig> ParseLoadSource(const std::string& text) {
  LoadSourceConfig config;
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  if (colon != std::string::npos) config.file_or_command = text.substr(colon + 1);
  if (kind == "file") config.kind = LoadSourceConfig::Kind::kFile;
  if (kind == "exec") config.kind = LoadSourceConfig::Kind::kCommand;
  if (config.kind == LoadSourceConfig::Kind::kNone || config.file_or_command.empty()) {
    return absl::InvalidArgumentError("file:PATH or exec:COMMAND");
  }
  return config;
}

// Does not block: a FIFO would, until it has a writer.
absl::StatusOr<std::string> ReadLoadFile(const std::string& path, Duration max_age,
                                         std::time_t now) {
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  auto content = ReadOpen(fd, max_age, now);
  if (fd >= 0) close(fd);
  return content;
}

LoadSource::LoadSource(event_base* base, LoadSourceConfig config)
    : base_(base), config_(std::move(config)) {}

void LoadSource::ReadFile(MonotonicTime now) {
  if (config_.kind != LoadSourceConfig::Kind::kFile) return;
  Take(ReadLoadFile(config_.file_or_command, config_.max_age, std::time(nullptr)), now);
}

void LoadSource::StartCommand() {
  if (config_.kind != LoadSourceConfig::Kind::kCommand || command_) return;
  auto started = ChildProcess::Start(base_, config_.file_or_command, config_.timeout,
                                     [this](absl::StatusOr<std::string> output) {
                                       command_.reset();
                                       ran_ = true;
                                       Take(output, MonotonicClock::now());
                                     });
  if (started.ok()) {
    command_ = *std::move(started);
  } else {
    ran_ = true;
    Take(started.status(), MonotonicClock::now());
  }
}

void LoadSource::Take(const absl::StatusOr<std::string>& json, MonotonicTime now) {
  const std::string fault = board_.Take(json, now);
  if (!fault.empty()) spdlog::warn("load source {}: {}", config_.file_or_command, fault);
}

}  // namespace dnsd::reporter

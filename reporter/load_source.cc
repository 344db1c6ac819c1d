#include "reporter/load_source.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr std::size_t kMostOctets = 64U << 10;

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  auto content = FileRoot().Read(path, kMostOctets);
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

LoadSource::LoadSource(event_base* base, LoadSourceConfig config)
    : base_(base), config_(std::move(config)) {}

void LoadSource::ReadFile(MonotonicTime now) {
  if (config_.kind == LoadSourceConfig::Kind::kFile) Take(ReadWhole(config_.file_or_command), now);
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

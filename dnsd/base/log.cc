#include "dnsd/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace dnsd {

bool StartLogging(const std::string& program, const std::string& level) {
  auto logger =
      std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %n %l: %v");
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
  return SetLogLevel(level);
}

bool SetLogLevel(const std::string& level) {
  static constexpr struct {
    const char* word;
    spdlog::level::level_enum level;
  } kLevels[] = {{"debug", spdlog::level::debug},
                 {"info", spdlog::level::info},
                 {"warning", spdlog::level::warn},
                 {"error", spdlog::level::err}};
  for (const auto& known : kLevels) {
    if (level != known.word) continue;
    spdlog::set_level(known.level);
    return true;
  }
  return false;
}

}  // namespace dnsd

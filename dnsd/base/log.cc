#include "dnsd/base/log.h"

#include <spdlog/sinks/dist_sink.h>

#include <memory>

#include "dnsd/base/log_target.h"

namespace dnsd {

bool StartLogging(const std::string& program, const std::string& level) {
  // One logger for good: to replace it while others log is not safe. Its sink can be changed.
  if (spdlog::default_logger()->name() != program) {
    auto logger =
        std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::dist_sink_mt>());
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
    (void)SetLogTarget({});  // stderr is there
  }
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

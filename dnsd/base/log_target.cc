#include "dnsd/base/log_target.h"

// Messages come from everywhere through few places: where one was logged says nothing.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <spdlog/fmt/chrono.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace dnsd {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%e %n %l: %v";

// {"time": "2026-11-22T08:30:00.123Z", "level": "info", "program": "dnsd", "message": "…"}
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto since = message.time.time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    nlohmann::ordered_json line;
    line["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                               fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
    line["level"] = Text(spdlog::level::to_string_view(message.level));
    line["program"] = Text(message.logger_name);
    line["message"] = Text(message.payload);
    // What others sent us may be anything but UTF-8.
    const std::string text =
        line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }

 private:
  static std::string Text(spdlog::string_view_t text) { return {text.data(), text.size()}; }
};

// Throws spdlog's exception where a file cannot be opened.
spdlog::sink_ptr OpenSink(const LogTarget& target, const std::string& program) {
  if (target.to == "journald") return std::make_shared<spdlog::sinks::systemd_sink_mt>(program);
  spdlog::sink_ptr sink;
  if (target.is_file()) {
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(target.to);
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  if (target.json) {
    sink->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    sink->set_pattern(kTextPattern);
  }
  return sink;
}

}  // namespace

absl::Status SetLogTarget(const LogTarget& target) {
  const auto logger = spdlog::default_logger();
  const auto switchable =
      std::dynamic_pointer_cast<spdlog::sinks::dist_sink_mt>(logger->sinks().front());
  if (switchable == nullptr) return absl::FailedPreconditionError("logging has not been started");
  try {
    switchable->set_sinks({OpenSink(target, logger->name())});
  } catch (const spdlog::spdlog_ex& error) {
    return absl::UnavailableError("cannot write the log " + target.to + ": " + error.what());
  }
  return absl::OkStatus();
}

}  // namespace dnsd

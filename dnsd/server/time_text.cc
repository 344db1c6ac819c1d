#include "dnsd/server/time_text.h"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace dnsd::server {
namespace {

// Without the zone.
std::string SecondText(WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return text;
}

}  // namespace

std::string TimeText(WallTime time) { return SecondText(time) + "Z"; }

std::string MillisecondText(WallTime time) {
  const auto past = time - std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(past).count();
  char text[16];
  std::snprintf(text, sizeof text, ".%03dZ", static_cast<int>(milliseconds));
  return SecondText(time) + text;
}

}  // namespace dnsd::server

#include "dnsd/server/history_config.h"

namespace dnsd::server {

using namespace std::chrono_literals;

void ReadHistory(YamlMap& root, HistoryConfig& out) {
  root.ReadMap("history", [&](YamlMap& history) {
    history.Read("interval", out.interval, 1s, 1h);
    history.Read("keep", out.limits.age, 1min, 24h * 365);
    history.Read<std::size_t>("samples", out.limits.samples, 1'000, 100'000'000);
  });
}

}  // namespace dnsd::server

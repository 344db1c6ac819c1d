#include "dnsd/base/log_settings.h"

namespace dnsd {

void ReadLogSettings(YamlMap& log, const std::function<std::string(const std::string&)>& path_of,
                     std::string& level, LogTarget& target) {
  log.ReadChoice<std::string>(
      "level", level,
      {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
  log.ReadChoice<bool>("format", target.json, {{"text", false}, {"json", true}});
  if (!log.Read("to", target.to)) return;
  if (target.is_file()) target.to = path_of(target.to);
  if (target.to == "journald" && target.json) {
    log.Refuse("format", "no 'json' with journald, which has fields of its own");
  }
}

}  // namespace dnsd

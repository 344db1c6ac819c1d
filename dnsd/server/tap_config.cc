#include "dnsd/server/tap_config.h"

#include <sys/un.h>

#include <charconv>

namespace dnsd {
namespace {

// One of so many.
struct Sample {
  std::uint32_t of = 1;
};

}  // namespace

template <>
struct YamlType<Sample> {
  static constexpr const char* kWanted = "1, or one of so many as 1/1000, up to 1/1000000000";
  static bool Parse(const std::string& text, Sample& out) {
    constexpr std::uint32_t kMost = 1'000'000'000;
    if (text == "1") {
      out.of = 1;
      return true;
    }
    if (!text.starts_with("1/")) return false;
    const char* const end = text.data() + text.size();
    std::uint32_t of = 0;
    const auto read = std::from_chars(text.data() + 2, end, of);
    if (read.ec != std::errc() || read.ptr != end || of == 0 || of > kMost) return false;
    out.of = of;
    return true;
  }
};

namespace server {
namespace {

constexpr std::uint32_t kLogSample = 1000;

void ReadQueryLog(YamlMap& map, const std::function<std::string(const std::string&)>& path_of,
                  TapConfig& out) {
  Sample sample{kLogSample};
  std::string path;
  map.Require("to", "the path of a file");
  if (map.Read("to", path)) out.query_log = path_of(path);
  map.Read("sample", sample);
  out.samples.log = sample.of;
}

void ReadDnstap(YamlMap& map, const std::function<std::string(const std::string&)>& path_of,
                TapConfig& out) {
  constexpr std::size_t kMostPath = sizeof(sockaddr_un::sun_path) - 1;
  Sample sample;
  DnstapSettings settings;
  std::string path;
  if (map.Read("socket", path)) settings.socket = path_of(path);
  if (map.Read("file", path)) settings.file = path_of(path);
  if (settings.socket.size() > kMostPath) {
    map.Refuse("socket", "a path of at most " + std::to_string(kMostPath) + " octets in all");
  }
  map.Read("identity", settings.identity);
  map.Read("queries", settings.queries);
  map.Read("responses", settings.responses);
  map.Read("sample", sample);
  if (map.Has("socket") == map.Has("file")) {
    map.AddError("dnstap has either 'socket', at which somebody listens, or 'file'");
  }
  if (!settings.queries && !settings.responses) {
    map.AddError("dnstap without 'queries' and without 'responses' tells nothing; remove it");
  }
  out.dnstap = settings;
  out.samples.stream = sample.of;
}

}  // namespace

void ReadTaps(YamlMap& root, const std::function<std::string(const std::string&)>& path_of,
              TapConfig& out) {
  root.ReadMap("query_log", [&](YamlMap& map) { ReadQueryLog(map, path_of, out); });
  root.ReadMap("dnstap", [&](YamlMap& map) { ReadDnstap(map, path_of, out); });
}

}  // namespace server
}  // namespace dnsd

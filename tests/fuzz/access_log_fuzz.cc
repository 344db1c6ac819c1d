// Any text is a line of an access log or is refused; its host is a word of the line, and what
// follows the line's three fields changes nothing.
#include <string>

#include "reporter/access_log.h"
#include "tests/fuzz/check.h"

using namespace dnsd::reporter;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  for (const bool host_first : {false, true}) {
    const auto parsed = ParseLogLine(line, host_first);
    if (!parsed) continue;
    CHECK_PROPERTY(parsed->status <= 999);
    CHECK_PROPERTY(parsed->host.empty() != host_first);
    CHECK_PROPERTY(parsed->host.find_first_of(" \t:") == std::string_view::npos);
    const std::string longer = line + " \"-\" \"curl\"";
    const auto again = ParseLogLine(longer, host_first);
    CHECK_PROPERTY(again && again->status == parsed->status && again->octets == parsed->octets);
  }
  // A path and a pattern that is made of it match, whatever they are.
  const std::string path = line.substr(0, 100);
  if (path.find_first_of("*?[\\{") == std::string::npos && path.find('\0') == std::string::npos) {
    CHECK_PROPERTY(SiteOfLog(path, path).has_value());
    CHECK_PROPERTY(SiteOfLog(path + "{site}", path + "www.example") == "www.example");
  }
  return 0;
}

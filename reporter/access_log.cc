#include "reporter/access_log.h"

#include <fnmatch.h>

#include "reporter/hosting.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr std::string_view kSite = "{site}";

// Where the quote is that no backslash escapes, at `from` or after it; npos if there is none.
std::size_t FindQuote(std::string_view line, std::size_t from) {
  for (std::size_t at = from; at < line.size(); ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      return at;
    }
  }
  return std::string_view::npos;
}

bool Matches(const std::string& pattern, const std::string& path) {
  return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
}

}  // namespace

std::optional<LogLine> ParseLogLine(std::string_view line, bool host_first) {
  const std::size_t request = FindQuote(line, 0);
  if (request == std::string_view::npos) return std::nullopt;
  const std::size_t end = FindQuote(line, request + 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view before = line.substr(0, request);
  if (!before.ends_with("] ") || before.find('[') == std::string_view::npos) return std::nullopt;

  LogLine out;
  if (host_first) {
    out.host = NextWord(before);
    out.host = out.host.substr(0, out.host.find(':'));
    if (out.host.empty()) return std::nullopt;
  }
  std::string_view after = line.substr(end + 1);
  const std::string_view status = NextWord(after);
  const std::string_view octets = NextWord(after);
  const auto code = ParseUnsigned(status);
  if (status.size() != 3 || !code) return std::nullopt;
  out.status = static_cast<unsigned>(*code);
  if (octets == "-") return out;  // the common format's zero
  const auto count = ParseUnsigned(octets);
  if (!count) return std::nullopt;
  out.octets = *count;
  return out;
}

std::string GlobOf(const std::string& pattern) {
  std::string glob = pattern;
  for (std::size_t at = 0; (at = glob.find(kSite, at)) != std::string::npos; ++at) {
    glob.replace(at, kSite.size(), "*");
  }
  return glob;
}

std::optional<std::string> SiteOfLog(const std::string& pattern, const std::string& path) {
  const std::size_t at = pattern.find(kSite);
  if (at == std::string::npos) {
    return Matches(pattern, path) ? std::optional(std::string()) : std::nullopt;
  }
  const std::string before = pattern.substr(0, at);
  const std::string after = pattern.substr(at + kSite.size());
  for (std::size_t begin = 0; begin < path.size(); ++begin) {
    if (!Matches(before, path.substr(0, begin))) continue;
    const std::size_t most = std::min(path.find('/', begin), path.size());
    for (std::size_t end = most; end > begin; --end) {
      if (Matches(after, path.substr(end))) return SiteName(path.substr(begin, end - begin));
    }
  }
  return std::nullopt;
}

}  // namespace dnsd::reporter

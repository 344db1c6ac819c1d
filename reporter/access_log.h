// A line of a web server's access log: the common format, with or without a virtual host before it
// and whatever follows it (the combined format's two fields, say).
//
//   www.example:443 192.0.2.7 - alice [22/Nov/2026:02:06:22 +0000] "GET / HTTP/1.1" 200 397 "-" ...
//   ^ virtual host                                                  ^ request       ^ status,
//   octets
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dnsd::reporter {

struct LogLine {
  std::string_view host;     // the virtual host without its port; empty where there is none
  unsigned status = 0;       // three digits
  std::uint64_t octets = 0;  // of the response
};

// Nothing for a line of another form. What a client wrote cannot pass for what the server wrote: a
// quote within a field is escaped by the server.
std::optional<LogLine> ParseLogLine(std::string_view line, bool host_first);

// The site whose log is at `path`, if `pattern` matches it: the part of the path that "{site}"
// stands for. Else `*`, `?` and `[...]` match as in a shell, none of them a slash. Nothing if it
// does not match, an empty text if what "{site}" matched is no site's name.
std::optional<std::string> SiteOfLog(const std::string& pattern, const std::string& path);

// The pattern with a "*" for each "{site}", as glob(3) takes it.
std::string GlobOf(const std::string& pattern);

}  // namespace dnsd::reporter

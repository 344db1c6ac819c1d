// Any text is an HTTP response with a body, or is refused; any text is a server's statistics or is
// refused; figures are finite and not negative, and a server that stands still has a rate of 0.
#include <cmath>
#include <string>

#include "reporter/fetch.h"
#include "reporter/server_statistics.h"
#include "tests/fuzz/check.h"

namespace {

using namespace dnsd;
using namespace dnsd::reporter;

bool Sane(const std::optional<double>& figure) {
  return !figure || (std::isfinite(*figure) && *figure >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto body = HttpBody(std::string(text));
  CHECK_PROPERTY(!body.ok() || body->size() < size);
  for (const ServerKind kind : {ServerKind::kNginx, ServerKind::kApache, ServerKind::kHaproxy}) {
    const auto reading = ParseServerReading(kind, text, size % 2 == 0);
    if (!reading.ok()) {
      CHECK_PROPERTY(!reading.status().message().empty());
      continue;
    }
    CHECK_PROPERTY(Sane(reading->connections) && Sane(reading->busy_workers));
    CHECK_PROPERTY(Sane(reading->workers) && Sane(reading->process_seconds));
    ServerMeter meter;
    const MonotonicTime start{std::chrono::hours(1)};
    CHECK_PROPERTY(!meter.Take(*reading, 0, start).has_rps());
    const auto load = meter.Take(*reading, 1, start + std::chrono::seconds(1));
    CHECK_PROPERTY(load.rps() == 0 && load.eps() == 0 && load.sps() == 0);
    CHECK_PROPERTY(load.has_rps() == reading->requests.has_value());
  }
  return 0;
}

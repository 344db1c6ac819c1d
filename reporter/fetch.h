// One exchange with a server: connects, sends a text, and collects what comes until it closes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "reporter/event_loop.h"

namespace dnsd::reporter {

// Where to, and what to say there.
struct FetchRequest {
  std::string socket;  // path of a Unix socket; empty: `endpoint` over TCP
  Endpoint endpoint;
  std::string text;
  Duration timeout = std::chrono::seconds(1);  // of the whole exchange
  std::size_t most = 4U << 20;                 // octets of the answer

  friend bool operator==(const FetchRequest&, const FetchRequest&) = default;
};

// An exchange under way; destroying it gives it up. Belongs to the loop's thread and never blocks.
class Fetch {
 public:
  // Called once, in the loop; may destroy the fetch.
  using Done = std::function<void(absl::StatusOr<std::string>)>;

  virtual ~Fetch() = default;
  // Done is not called before this returns.
  static std::unique_ptr<Fetch> Start(event_base* base, const FetchRequest& request, Done done);
};

// A request of HTTP/1.0, whose answer ends with the connection.
std::string HttpRequest(const std::string& host, const std::string& path);
// The body of the response to it, its chunks joined; an error unless its status is 200 and it is
// whole.
absl::StatusOr<std::string> HttpBody(const std::string& response);

}  // namespace dnsd::reporter

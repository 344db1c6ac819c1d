#include "reporter/fetch.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "dnsd/base/duration.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

struct BuffereventDeleter {
  void operator()(bufferevent* b) const { bufferevent_free(b); }
};

// False for a path that a socket's address cannot hold.
bool FillAddress(const FetchRequest& request, sockaddr_storage& out, int& size) {
  if (request.socket.empty()) {
    size = static_cast<int>(request.endpoint.ToSockaddr(out));
    return true;
  }
  auto& address = reinterpret_cast<sockaddr_un&>(out);
  if (request.socket.size() >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, request.socket.c_str(), request.socket.size() + 1);
  size = static_cast<int>(sizeof address);
  return true;
}

class StreamFetch : public Fetch {
 public:
  StreamFetch(event_base* base, const FetchRequest& request, Done done)
      : most_(request.most),
        done_(std::move(done)),
        stream_(bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE)),
        timer_(base, [this] { Finish(verdict_); }),
        verdict_(absl::DeadlineExceededError("no whole answer within " +
                                             DurationText(request.timeout))) {
    bufferevent_setcb(stream_.get(), OnRead, nullptr, OnEvent, this);
    bufferevent_write(stream_.get(), request.text.data(), request.text.size());
    timer_.After(request.timeout);
    Connect(request);
    constructed_ = true;
  }

 private:
  static void OnRead(bufferevent*, void* self) { static_cast<StreamFetch*>(self)->Read(); }
  static void OnEvent(bufferevent*, short what, void* self) {
    static_cast<StreamFetch*>(self)->Event(what);
  }

  void Connect(const FetchRequest& request) {
    sockaddr_storage storage{};
    int size = 0;
    if (!FillAddress(request, storage, size)) {
      return Fail(absl::InvalidArgumentError("the path is too long for a socket"));
    }
    const int result =
        bufferevent_socket_connect(stream_.get(), reinterpret_cast<sockaddr*>(&storage), size);
    if (result != 0) return Fail(absl::UnavailableError(std::strerror(errno)));
    bufferevent_enable(stream_.get(), EV_READ);
  }

  // From the loop, whoever calls it.
  void Fail(absl::Status why) {
    if (constructed_) return Finish(std::move(why));
    verdict_ = std::move(why);
    timer_.After(Duration::zero());
  }

  void Event(short what) {
    if ((what & BEV_EVENT_EOF) != 0) return Finish(Taken());
    if ((what & BEV_EVENT_ERROR) != 0) {
      Fail(absl::UnavailableError(evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR())));
    }
  }

  void Read() {
    if (evbuffer_get_length(bufferevent_get_input(stream_.get())) <= most_) return;
    Finish(absl::ResourceExhaustedError("the answer has more than " + std::to_string(most_) +
                                        " octets"));
  }

  std::string Taken() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    std::string text(evbuffer_get_length(input), '\0');
    evbuffer_remove(input, text.data(), text.size());
    return text;
  }

  void Finish(absl::StatusOr<std::string> result) {
    const Done done = std::move(done_);
    done(std::move(result));
  }

  const std::size_t most_;
  Done done_;
  std::unique_ptr<bufferevent, BuffereventDeleter> stream_;
  Timer timer_;
  absl::Status verdict_;  // what the timer tells
  bool constructed_ = false;
};

// The value of a field of the head, or empty.
std::string_view FieldOf(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    std::string_view line = NextLine(head);
    const std::size_t colon = line.find(':');
    if (colon != name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) {
      continue;
    }
    line.remove_prefix(colon + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return NextWord(line);
  }
  return {};
}

// The content of a body in chunks (RFC 9112 §7.1); nothing if it ends before the last one.
std::optional<std::string> JoinChunks(std::string_view body) {
  std::string content;
  while (true) {
    std::string_view line = NextLine(body);
    const auto size = ParseUnsigned(line.substr(0, line.find_first_of(";\r \t")), 16);
    if (!size || *size > body.size()) return std::nullopt;
    if (*size == 0) return content;
    content += body.substr(0, *size);
    body.remove_prefix(*size);
    NextLine(body);
  }
}

}  // namespace

std::unique_ptr<Fetch> Fetch::Start(event_base* base, const FetchRequest& request, Done done) {
  return std::make_unique<StreamFetch>(base, request, std::move(done));
}

std::string HttpRequest(const std::string& host, const std::string& path) {
  return "GET " + path + " HTTP/1.0\r\nHost: " + host +
         "\r\nUser-Agent: dnsd-reporter/" DNSD_VERSION
         "\r\nAccept: text/plain, */*\r\nConnection: close\r\n\r\n";
}

absl::StatusOr<std::string> HttpBody(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  std::string_view head = std::string_view(response).substr(0, end);
  std::string_view first = NextLine(head);
  const std::string_view version = NextWord(first);
  const auto status = ParseUnsigned(NextWord(first));
  if (end == std::string::npos || !version.starts_with("HTTP/1.") || !status) {
    return absl::UnavailableError("no HTTP response");
  }
  if (*status != 200) {
    return absl::UnavailableError("HTTP status " + std::to_string(*status) + ", wanted 200");
  }
  std::string body = response.substr(end + 4);
  const auto cut_short = [] { return absl::UnavailableError("the answer is cut short"); };
  if (FieldOf(head, "Transfer-Encoding") == "chunked") {  // of HAProxy, to a 1.0 request even
    auto content = JoinChunks(body);
    if (!content) return cut_short();
    return *std::move(content);
  }
  const auto size = ParseUnsigned(FieldOf(head, "Content-Length"));
  if (size && body.size() < *size) return cut_short();
  return body;
}

}  // namespace dnsd::reporter

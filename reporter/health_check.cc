#include "reporter/health_check.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "dnsd/base/duration.h"
#include "reporter/child_process.h"
#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

constexpr std::string_view kSite = "{site}";
constexpr std::size_t kMostStatusLine = 1024;

void ReplaceSite(std::string& text, const std::string& site) {
  for (std::size_t at = 0; (at = text.find(kSite, at)) != std::string::npos; at += site.size()) {
    text.replace(at, kSite.size(), site);
  }
}

std::optional<IpAddress> ParseHost(std::string host) {
  if (host == "localhost") host = "127.0.0.1";
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::Parse(host);
  if (!address || (address->family() == IpFamily::kV6) != bracketed) return std::nullopt;
  return address;
}

// "HOST:PORT" into `check`; without a port `default_port`, unless that is 0.
bool ParseTarget(const std::string& target, std::uint16_t default_port, HealthCheckConfig& check) {
  const std::size_t colon = target.rfind(':');
  const std::size_t bracket = target.rfind(']');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  if (has_port) {
    const auto port = ParseUnsigned(target.substr(colon + 1));
    if (!port || *port == 0 || *port > 0xFFFF) return false;
    check.port = static_cast<std::uint16_t>(*port);
  } else {
    check.port = default_port;
  }
  const std::string host = target.substr(0, has_port ? colon : std::string::npos);
  const bool of_site = check.kind == HealthCheckConfig::Kind::kHttp && host == kSite;
  if (!of_site) check.address = ParseHost(host);
  return check.port != 0 && (of_site || check.address);
}

class CommandProbe : public Probe {
 public:
  CommandProbe(event_base* base, const HealthCheckConfig& check, Done done)
      : failed_(base, [this, done] { done(failure_); }) {
    auto started = ChildProcess::Start(
        base, check.command, check.timeout,
        [done](const absl::StatusOr<std::string>& output) { done(output.status()); });
    if (started.ok()) {
      process_ = *std::move(started);
    } else {
      failure_ = started.status();
      failed_.After(Duration::zero());
    }
  }

 private:
  std::unique_ptr<ChildProcess> process_;
  absl::Status failure_;
  Timer failed_;  // tells of a failure to start, from the loop
};

struct BuffereventDeleter {
  void operator()(bufferevent* b) const { bufferevent_free(b); }
};

// Connects; for HTTP sends a request and reads the first line of the response.
class SocketProbe : public Probe {
 public:
  SocketProbe(event_base* base, const HealthCheckConfig& check, Done done)
      : check_(check),
        done_(std::move(done)),
        stream_(bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE)),
        timer_(base, [this] { Finish(timely_); }),
        timely_(absl::DeadlineExceededError((check.kind == HealthCheckConfig::Kind::kTcp
                                                 ? "no connection within "
                                                 : "no response within ") +
                                            DurationText(check.timeout))) {
    bufferevent_setcb(stream_.get(), OnRead, nullptr, OnEvent, this);
    sockaddr_storage storage{};
    const auto size = static_cast<int>(Endpoint{*check_.address, check_.port}.ToSockaddr(storage));
    timer_.After(check_.timeout);
    connecting_ = true;
    if (bufferevent_socket_connect(stream_.get(), reinterpret_cast<sockaddr*>(&storage), size) !=
        0) {
      timely_ = absl::UnavailableError(std::strerror(errno));
    }
    connecting_ = false;
    if (!timely_.ok() && !absl::IsDeadlineExceeded(timely_)) timer_.After(Duration::zero());
  }

 private:
  static void OnRead(bufferevent*, void* self) { static_cast<SocketProbe*>(self)->Read(); }

  static void OnEvent(bufferevent*, short what, void* self) {
    static_cast<SocketProbe*>(self)->Event(what);
  }

  void Event(short what) {
    if ((what & BEV_EVENT_CONNECTED) != 0) {
      if (check_.kind == HealthCheckConfig::Kind::kTcp) return Finish(absl::OkStatus());
      return SendRequest();
    }
    const bool error = (what & BEV_EVENT_ERROR) != 0;
    absl::Status status =
        absl::UnavailableError(error ? evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR())
                                     : "the connection ended before a response");
    if (connecting_) {  // within our own constructor: tell it from the loop
      timely_ = std::move(status);
    } else {
      Finish(std::move(status));
    }
  }

  void SendRequest() {
    const std::string request = "GET " + check_.path + " HTTP/1.1\r\nHost: " + check_.host +
                                "\r\nUser-Agent: dnsd-reporter/" DNSD_VERSION
                                "\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    bufferevent_write(stream_.get(), request.data(), request.size());
    bufferevent_enable(stream_.get(), EV_READ);
  }

  void Read() {
    evbuffer* input = bufferevent_get_input(stream_.get());
    std::size_t size = 0;
    char* line = evbuffer_readln(input, &size, EVBUFFER_EOL_CRLF);
    if (line == nullptr) {
      if (evbuffer_get_length(input) > kMostStatusLine) {
        Finish(absl::UnavailableError("no HTTP response"));
      }
      return;
    }
    const std::string text(line, size);
    free(line);
    Finish(JudgeStatusLine(text, check_));
  }

  void Finish(absl::Status status) {
    const Done done = std::move(done_);
    done(std::move(status));
  }

  HealthCheckConfig check_;
  Done done_;
  std::unique_ptr<bufferevent, BuffereventDeleter> stream_;
  Timer timer_;
  absl::Status timely_;  // what the timer tells
  bool connecting_ = false;
};

}  // namespace

absl::StatusOr<HealthCheckConfig> ParseHealthCheck(const std::string& text) {
  using Kind = HealthCheckConfig::Kind;
  HealthCheckConfig check;
  if (text.starts_with("exec:") && text.size() > 5) {
    check.kind = Kind::kCommand;
    check.command = text.substr(5);
    return check;
  }
  if (text.starts_with("tcp:")) {
    if (ParseTarget(text.substr(4), 0, check)) return check;
  } else if (text.starts_with("http://")) {
    check.kind = Kind::kHttp;
    const std::string rest = text.substr(7);
    const std::size_t slash = rest.find('/');
    check.path = slash == std::string::npos ? "/" : rest.substr(slash);
    check.host = rest.substr(0, slash);
    const bool clean = check.path.find_first_of(" \r\n\t") == std::string::npos;
    if (clean && ParseTarget(check.host, 80, check)) return check;
  }
  return absl::InvalidArgumentError(
      "tcp:HOST:PORT, http://HOST[:PORT]/PATH with an IP address as HOST, or exec:COMMAND");
}

HealthCheckConfig ForSite(HealthCheckConfig check, const std::string& site) {
  ReplaceSite(check.host, site);
  ReplaceSite(check.path, site);
  ReplaceSite(check.command, site);
  return check;
}

absl::Status JudgeStatusLine(const std::string& line, const HealthCheckConfig& check) {
  std::string_view rest = line;
  const std::string_view version = NextWord(rest);
  const auto status = ParseUnsigned(NextWord(rest));
  if (!version.starts_with("HTTP/1.") || !status) {
    return absl::UnavailableError("no HTTP response");
  }
  if (*status < check.status_least || *status > check.status_most) {
    return absl::UnavailableError("HTTP status " + std::to_string(*status) + ", wanted " +
                                  std::to_string(check.status_least) + "-" +
                                  std::to_string(check.status_most));
  }
  return absl::OkStatus();
}

std::unique_ptr<Probe> Probe::Start(event_base* base, const HealthCheckConfig& check, Done done) {
  if (check.kind == HealthCheckConfig::Kind::kCommand) {
    return std::make_unique<CommandProbe>(base, check, std::move(done));
  }
  return std::make_unique<SocketProbe>(base, check, std::move(done));
}

}  // namespace dnsd::reporter

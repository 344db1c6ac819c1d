#include "reporter/fallback_responder.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::reporter {
namespace {

constexpr ev_ssize_t kMostHeaders = 32 << 10;
constexpr ev_ssize_t kMostBody = 64 << 10;
constexpr int kTimeoutSeconds = 10;
constexpr ev_uint16_t kMethods = EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                 EVHTTP_REQ_PATCH;

// The site that is asked for; empty: none that may be one. evhttp takes the port off.
std::string SiteOf(evhttp_request* request) {
  const char* host = evhttp_request_get_host(request);
  return host == nullptr ? "" : SiteName(host);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FallbackResponder>> FallbackResponder::Listen(event_base* base,
                                                                             const Endpoint& listen,
                                                                             Replicas& replicas) {
  std::unique_ptr<evhttp, HttpDeleter> http(evhttp_new(base));
  if (evhttp_bind_socket(http.get(), listen.address.ToString().c_str(), listen.port) != 0) {
    return absl::UnavailableError("cannot listen at " + listen.ToString() + ": " +
                                  std::strerror(errno));
  }
  evhttp_set_max_headers_size(http.get(), kMostHeaders);
  evhttp_set_max_body_size(http.get(), kMostBody);
  evhttp_set_timeout(http.get(), kTimeoutSeconds);
  evhttp_set_allowed_methods(http.get(), kMethods);
  return std::unique_ptr<FallbackResponder>(
      new FallbackResponder(listen, replicas, std::move(http)));
}

FallbackResponder::FallbackResponder(Endpoint listen, Replicas& replicas,
                                     std::unique_ptr<evhttp, HttpDeleter> http)
    : listen_(listen), replicas_(replicas), http_(std::move(http)) {
  evhttp_set_gencb(
      http_.get(),
      [](evhttp_request* request, void* self) {
        static_cast<FallbackResponder*>(self)->Answer(request);
      },
      this);
}

void FallbackResponder::Answer(evhttp_request* request) {
  const std::string site = SiteOf(request);
  if (site.empty() || replicas_.Materialise(site) != Replicas::Coming::kComing) {
    return evhttp_send_error(request, HTTP_NOTFOUND, nullptr);
  }
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Cache-Control", "no-store");
  const std::string url = replicas_.RedirectOf(site);
  const char* path = evhttp_request_get_uri(request);
  if (!url.empty() && path != nullptr && *path == '/') {
    evhttp_add_header(headers, "Location", (url + path).c_str());
    return evhttp_send_reply(request, 307, "Temporary Redirect", nullptr);
  }
  evhttp_add_header(headers, "Retry-After", "2");
  evhttp_send_reply(request, HTTP_SERVUNAVAIL, "Coming", nullptr);
}

}  // namespace dnsd::reporter

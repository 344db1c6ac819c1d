#include "dnsd/server/status_http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

constexpr int kTimeoutSeconds = 10;  // without an octet read or written
// Whole: one octet now and then keeps nobody's place.
constexpr Duration kRequestTime = std::chrono::seconds(15);
constexpr Duration kResponseTime = std::chrono::seconds(60);
constexpr Duration kIdleWhenFull = std::chrono::milliseconds(500);
constexpr std::size_t kMostConnections = 64;
constexpr timeval kTend = {0, 100'000};
constexpr timeval kSecond = {1, 0};
constexpr ev_ssize_t kMostHeaderSize = 8192;
constexpr ev_ssize_t kMostBodySize = 1024;  // none is wanted
// Every method comes to OnRequest, which says 405 itself: evhttp would say 501.
constexpr ev_uint16_t kEveryMethod = 0xFFFF;

// The server whose thread this is: the listener's error callback gets evhttp's argument, not ours.
thread_local StatusHttp* of_this_thread = nullptr;

constexpr struct {
  const char* name;
  const char* value;
} kHeaders[] = {
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
};

// "Example:80" to "example", "[::1]:80" to "::1".
std::string HostOf(std::string header) {
  std::transform(header.begin(), header.end(), header.begin(), [](char c) {
    return static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c)));
  });
  if (header.starts_with('[')) {
    const std::size_t end = header.find(']');
    return end == std::string::npos ? "" : header.substr(1, end - 1);
  }
  return header.substr(0, header.find(':'));
}

void AddHeaders(evhttp_request* request, const char* content_type) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  for (const auto& header : kHeaders) evhttp_add_header(headers, header.name, header.value);
  evhttp_add_header(headers, "Content-Type", content_type);
}

void Send(evhttp_request* request, const HttpReply& reply, bool with_body) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  AddHeaders(request, reply.content_type.c_str());
  evhttp_add_header(headers, "Content-Length", std::to_string(reply.body.size()).c_str());
  if (reply.status == 503) evhttp_add_header(headers, "Retry-After", "5");
  if (reply.status == 405) evhttp_add_header(headers, "Allow", "GET, HEAD");
  evbuffer* body = evhttp_request_get_output_buffer(request);
  if (with_body) evbuffer_add(body, reply.body.data(), reply.body.size());
  evhttp_send_reply(request, reply.status, nullptr, nullptr);
}

// Nothing for one that cannot be read.
std::optional<HttpQuery> ReadQuery(const char* text) {
  HttpQuery query;
  if (text == nullptr || *text == '\0') return query;
  evkeyvalq parameters{};
  if (evhttp_parse_query_str(text, &parameters) != 0) return std::nullopt;
  for (const evkeyval* one = parameters.tqh_first; one != nullptr; one = one->next.tqe_next) {
    query.emplace(one->key, one->value);
  }
  evhttp_clear_headers(&parameters);
  return query;
}

HttpReply BadQuery() {
  return {.status = 400, .body = "the query is not as a=1&b=2, percent-encoded\n"};
}

absl::StatusOr<Endpoint> LocalEndpoint(evutil_socket_t fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::UnavailableError(std::string("getsockname: ") + std::strerror(errno));
  }
  return Endpoint::FromSockaddr(reinterpret_cast<const sockaddr&>(address));
}

}  // namespace

void StatusHttp::Free::operator()(event_base* base) const { event_base_free(base); }
void StatusHttp::Free::operator()(evhttp* http) const { evhttp_free(http); }
void StatusHttp::Free::operator()(event* event) const { event_free(event); }

StatusHttp::StatusHttp(Pages pages, std::vector<std::string> hosts)
    : pages_(std::move(pages)), hosts_(std::move(hosts)) {}

StatusHttp::~StatusHttp() {
  Stop();
  http_.reset();
  for (const Connection& connection : open_) bufferevent_decref(connection.stream);
}

absl::Status StatusHttp::Bind(const Endpoint& listen) {
  evthread_use_pthreads();  // Stop is another thread's; asking twice does no harm
  base_.reset(event_base_new());
  errands_ = std::make_unique<HttpErrands>(base_.get(), &Send);
  http_.reset(evhttp_new(base_.get()));
  evhttp_set_allowed_methods(http_.get(), kEveryMethod);
  evhttp_set_timeout(http_.get(), kTimeoutSeconds);
  evhttp_set_max_headers_size(http_.get(), kMostHeaderSize);
  evhttp_set_max_body_size(http_.get(), kMostBodySize);
  evhttp_set_gencb(http_.get(), &StatusHttp::OnRequest, this);
  const auto open = [](event_base*, void* self) {
    return static_cast<StatusHttp*>(self)->OpenConnection();
  };
  evhttp_set_bevcb(http_.get(), open, this);
  evhttp_bound_socket* socket =
      evhttp_bind_socket_with_handle(http_.get(), listen.address.ToString().c_str(), listen.port);
  if (socket == nullptr) {
    return absl::UnavailableError("cannot serve HTTP on " + listen.ToString() + ": " +
                                  std::strerror(errno));
  }
  listener_ = evhttp_bound_socket_get_listener(socket);
  evconnlistener_set_error_cb(listener_,
                              [](evconnlistener*, void*) { of_this_thread->PauseAccepting(); });
  const auto tend = [](evutil_socket_t, short, void* self) {
    static_cast<StatusHttp*>(self)->Tend();
  };
  tend_.reset(evtimer_new(base_.get(), tend, this));
  auto bound = LocalEndpoint(evhttp_bound_socket_get_fd(socket));
  if (!bound.ok()) return bound.status();
  bound_ = *bound;
  return absl::OkStatus();
}

void StatusHttp::Start() {
  const auto stop = [](evutil_socket_t, short, void* base) {
    event_base_loopbreak(static_cast<event_base*>(base));
  };
  stop_.reset(event_new(base_.get(), -1, 0, stop, base_.get()));
  const auto second = [](evutil_socket_t, short, void* self) {
    static_cast<StatusHttp*>(self)->every_second_();
    static_cast<StatusHttp*>(self)->listeners_.SpeakToAll();
  };
  second_.reset(event_new(base_.get(), -1, EV_PERSIST, second, this));
  event_add(second_.get(), &kSecond);
  thread_ = std::thread([this] {
    of_this_thread = this;
    event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
  });
}

void StatusHttp::Stop() {
  if (!thread_.joinable()) return;
  event_active(stop_.get(), 0, 0);
  thread_.join();
  errands_->Stop();
}

// evhttp asks for each connection it has accepted. Those beyond the limit wait to be accepted.
bufferevent* StatusHttp::OpenConnection() {
  bufferevent* connection = bufferevent_socket_new(base_.get(), -1, BEV_OPT_CLOSE_ON_FREE);
  if (connection == nullptr) return nullptr;
  ForgetClosed();
  bufferevent_incref(connection);
  open_.push_back({connection, MonotonicClock::now()});
  if (open_.size() >= kMostConnections) evconnlistener_disable(listener_);
  evtimer_add(tend_.get(), &kTend);
  return connection;
}

// evhttp tells of no connection's end, but its bufferevent does: once evhttp has freed it, it has
// no argument any more. The last reference closes the descriptor.
void StatusHttp::ForgetClosed() {
  std::erase_if(open_, [](const Connection& connection) {
    void* owner = nullptr;
    bufferevent_getcb(connection.stream, nullptr, nullptr, nullptr, &owner);
    if (owner == nullptr) bufferevent_decref(connection.stream);
    return owner == nullptr;
  });
}

// Those that keep a place for too long, or idle while others may wait for one. evhttp reads the end
// of what has been shut down, and frees it.
void StatusHttp::CloseLate() {
  const MonotonicTime now = MonotonicClock::now();
  const bool full = open_.size() >= kMostConnections;
  for (const Connection& connection : open_) {
    if (listeners_.Has(connection.stream) || errands_->Has(connection.stream)) continue;
    const bool is_read = evbuffer_get_length(bufferevent_get_output(connection.stream)) > 0;
    const Duration allowed = is_read ? kResponseTime : full ? kIdleWhenFull : kRequestTime;
    if (now >= connection.since + allowed) {
      shutdown(bufferevent_getfd(connection.stream), SHUT_RDWR);
    }
  }
}

// Out of descriptors: accepting again at once would only spin.
void StatusHttp::PauseAccepting() {
  evconnlistener_disable(listener_);
  evtimer_add(tend_.get(), &kTend);
}

void StatusHttp::Tend() {
  CloseLate();
  ForgetClosed();
  if (open_.size() < kMostConnections) evconnlistener_enable(listener_);
  if (!open_.empty()) evtimer_add(tend_.get(), &kTend);
}

void StatusHttp::NoteRequest(evhttp_request* request) {
  const bufferevent* const stream =
      evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
  for (Connection& connection : open_) {
    if (connection.stream == stream) connection.since = MonotonicClock::now();
  }
}

// False if there is no such stream, or nobody may listen to it in this way.
bool StatusHttp::BeginFeed(evhttp_request* request, const std::string& path, const char* query) {
  const auto feed = feeds_.find(path);
  if (feed == feeds_.end()) return false;
  const auto parameters = ReadQuery(query);
  auto words = parameters ? feed->second(*parameters) : nullptr;
  if (words == nullptr) {
    Send(request, {.status = 400, .body = "the query is not one of this stream\n"}, true);
  } else if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
    Send(request, {.content_type = "text/event-stream", .body = ""}, false);
  } else if (listeners_.is_full()) {
    Send(request, {.status = 503, .body = "too many listen already\n"}, true);
  } else {
    AddHeaders(request, "text/event-stream");
    listeners_.Add(request, std::move(words));
  }
  return true;
}

// Likewise a page that takes long.
bool StatusHttp::BeginErrand(evhttp_request* request, const std::string& path, const char* query) {
  const auto page = errand_pages_.find(path);
  if (page == errand_pages_.end()) return false;
  auto parameters = ReadQuery(query);
  if (!parameters) {
    Send(request, BadQuery(), true);
    return true;
  }
  const bool with_body = evhttp_request_get_command(request) == EVHTTP_REQ_GET;
  auto make = [&made = page->second, asked = *std::move(parameters)] { return made(asked); };
  if (!errands_->Add(request, with_body, std::move(make))) {
    Send(request, {.status = 503, .body = "too many wait for such a page already\n"}, true);
  }
  return true;
}

void StatusHttp::OnRequest(evhttp_request* request, void* self) {
  auto& server = *static_cast<StatusHttp*>(self);
  server.NoteRequest(request);
  const evhttp_cmd_type method = evhttp_request_get_command(request);
  if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
    Send(request, {405, "text/plain; charset=utf-8", "wanted GET or HEAD\n"}, true);
    return;
  }
  const evhttp_uri* uri = evhttp_request_get_evhttp_uri(request);
  const char* path = uri == nullptr ? nullptr : evhttp_uri_get_path(uri);
  const char* query = uri == nullptr ? nullptr : evhttp_uri_get_query(uri);
  const evkeyvalq* headers = evhttp_request_get_input_headers(request);
  const char* host = evhttp_find_header(headers, "Host");
  const char* fetch_site = evhttp_find_header(headers, "Sec-Fetch-Site");
  const std::string asked = path == nullptr ? "" : path;
  if (!server.RefusalOf(asked, host, fetch_site)) {
    if (server.BeginFeed(request, asked, query)) return;
    if (server.BeginErrand(request, asked, query)) return;
  }
  Send(request, server.Answer(asked, host, query, fetch_site), method == EVHTTP_REQ_GET);
}

std::optional<HttpReply> StatusHttp::RefusalOf(const std::string& path, const char* host,
                                               const char* fetch_site) const {
  // A browser always sends one; HAProxy's plain check does not.
  if (host != nullptr && !HostIsOurs(host)) {
    return HttpReply{.status = 403,
                     .body =
                         "the Host header names neither an address nor localhost; names go into "
                         "http.hosts of the configuration\n"};
  }
  // Only browsers send it. A link to the page from elsewhere is no harm.
  if (fetch_site != nullptr && std::string_view(fetch_site) == "cross-site" && path != "/") {
    return HttpReply{.status = 403,
                     .body =
                         "asked for by another web site (Sec-Fetch-Site: cross-site); open this "
                         "address itself, or follow a link to /\n"};
  }
  return std::nullopt;
}

HttpReply StatusHttp::Answer(const std::string& path, const char* host, const char* query,
                             const char* fetch_site) const {
  if (auto refusal = RefusalOf(path, host, fetch_site)) return *std::move(refusal);
  const auto page = pages_.find(path);
  if (page == pages_.end()) return {.status = 404, .body = "no such page; there are:\n" + Index()};
  const auto parameters = ReadQuery(query);
  return parameters ? page->second(*parameters) : BadQuery();
}

bool StatusHttp::HostIsOurs(const std::string& host) const {
  const std::string name = HostOf(host);
  return name == "localhost" || IpAddress::Parse(name) ||
         std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end();
}

std::string StatusHttp::Index() const {
  std::string index;
  for (const auto& [path, page] : pages_) index += path + "\n";
  for (const auto& [path, page] : errand_pages_) index += path + "\n";
  for (const auto& [path, feed] : feeds_) index += path + "\n";
  return index;
}

}  // namespace dnsd::server

#include "dnsd/server/http_listeners.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <utility>

namespace dnsd::server {
namespace {

constexpr timeval kWriteTimeout = {HttpListeners::kMostSecondsBehind, 0};
constexpr int kSendBuffer = 1 << 16;      // octets, that the kernel holds for one who does not read
constexpr std::size_t kMostInput = 4096;  // of a client that goes on talking

}  // namespace

struct HttpListeners::Listener {
  evhttp_request* request;
  evhttp_connection* connection;
  bufferevent* stream;  // the connection's
  std::unique_ptr<HttpFeed> feed;
  int seconds_behind = 0;
};

HttpListeners::HttpListeners() = default;
HttpListeners::~HttpListeners() = default;

bool HttpListeners::Has(const bufferevent* connection) const {
  return std::any_of(listeners_.begin(), listeners_.end(),
                     [=](const auto& listener) { return listener->stream == connection; });
}

void HttpListeners::Add(evhttp_request* request, std::unique_ptr<HttpFeed> feed) {
  evhttp_connection* const connection = evhttp_request_get_connection(request);
  bufferevent* const stream = evhttp_connection_get_bufferevent(connection);
  listeners_.push_back(
      std::make_unique<Listener>(Listener{request, connection, stream, std::move(feed)}));
  evhttp_connection_set_closecb(connection, &HttpListeners::OnClose, this);
  evhttp_send_reply_start(request, 200, nullptr);
  setsockopt(bufferevent_getfd(stream), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  // A listener says nothing, and is still there.
  bufferevent_set_timeouts(stream, nullptr, &kWriteTimeout);
  bufferevent_setwatermark(stream, EV_READ, 0, kMostInput);
  Speak(*listeners_.back());
}

// A connection that evhttp closes leaves its request to whoever began the response; one that we
// free ourselves frees it.
void HttpListeners::OnClose(evhttp_connection* connection, void* self) {
  std::erase_if(static_cast<HttpListeners*>(self)->listeners_, [=](const auto& listener) {
    if (listener->connection != connection) return false;
    const bool is_ours = evhttp_request_get_connection(listener->request) == nullptr;
    if (is_ours) evhttp_request_free(listener->request);
    return true;
  });
}

void HttpListeners::SpeakToAll() {
  std::vector<evhttp_connection*> dropped;
  for (const auto& listener : listeners_) {
    if (!Speak(*listener)) dropped.push_back(listener->connection);
  }
  for (evhttp_connection* connection : dropped) evhttp_connection_free(connection);  // OnClose
}

// False if the listener is to be dropped.
bool HttpListeners::Speak(Listener& listener) {
  if (evbuffer_get_length(bufferevent_get_input(listener.stream)) >= kMostInput) return false;
  if (evbuffer_get_length(bufferevent_get_output(listener.stream)) > 0) {
    return ++listener.seconds_behind < kMostSecondsBehind;
  }
  listener.seconds_behind = 0;
  const std::string words = listener.feed->Next();
  if (words.empty()) return true;
  evbuffer* const chunk = evbuffer_new();
  evbuffer_add(chunk, words.data(), words.size());
  evhttp_send_reply_chunk(listener.request, chunk);
  evbuffer_free(chunk);
  return true;
}

}  // namespace dnsd::server

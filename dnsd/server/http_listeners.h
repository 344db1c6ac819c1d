// Those who listen to a stream of server-sent events (WHATWG HTML, "Server-sent events").
//
//   GET /stream ──> Listener{connection, feed} ── once a second ──> feed.Next() ──> a chunk
//
// Only so many; nothing is said to one that has not read what was said before, and one that does
// not for long is dropped: whoever listens costs a bounded amount of memory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

struct bufferevent;
struct evhttp_connection;
struct evhttp_request;

namespace dnsd::server {

// What one listener is told.
class HttpFeed {
 public:
  virtual ~HttpFeed() = default;
  // What there is to say since the last call, as it goes over the wire; empty: nothing.
  virtual std::string Next() = 0;
};

// Used by the HTTP server's thread alone; gone only after its connections are.
class HttpListeners {
 public:
  static constexpr std::size_t kMost = 16;
  static constexpr int kMostSecondsBehind = 10;

  HttpListeners();
  ~HttpListeners();
  HttpListeners(const HttpListeners&) = delete;
  HttpListeners& operator=(const HttpListeners&) = delete;

  bool is_full() const { return listeners_.size() >= kMost; }
  std::size_t size() const { return listeners_.size(); }
  bool Has(const bufferevent* connection) const;
  // Begins the response to `request`, whose headers are set, and says the feed's first words.
  void Add(evhttp_request* request, std::unique_ptr<HttpFeed> feed);
  // Once a second.
  void SpeakToAll();

 private:
  struct Listener;
  static void OnClose(evhttp_connection* connection, void* self);
  static bool Speak(Listener& listener);

  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace dnsd::server

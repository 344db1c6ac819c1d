// A small HTTP server on libevent for what dnsd says of itself: read-only pages, its own thread.
//
// It holds so many connections and no more, closes those that idle when more come, and waits where
// descriptors have run out: what asks of the server's health must not be what ails it.
//
// A web page that a person has open must not reach it (DNS rebinding): the Host header has to be
// an address, "localhost" or a configured name, none of which an attacker's domain is. Nor may one
// of another site have its browser fetch anything but `/` (Sec-Fetch-Site, W3C Fetch Metadata).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/server/http_errands.h"
#include "dnsd/server/http_listeners.h"
#include "dnsd/server/http_reply.h"

struct bufferevent;
struct evconnlistener;
struct event;
struct event_base;
struct evhttp;
struct evhttp_request;

namespace dnsd::server {

class StatusHttp {
 public:
  // By path ("/metrics"); called on the server's thread.
  using Pages = std::map<std::string, std::function<HttpReply(const HttpQuery&)>>;

  // Streams of server-sent events by path; null: what is asked for cannot be had.
  using Feeds = std::map<std::string, std::function<std::unique_ptr<HttpFeed>(const HttpQuery&)>>;

  // `hosts`: names it may be asked by, in lower case.
  StatusHttp(Pages pages, std::vector<std::string> hosts);
  ~StatusHttp();  // stops
  StatusHttp(const StatusHttp&) = delete;
  StatusHttp& operator=(const StatusHttp&) = delete;

  // Before Start: pages that take long, which another thread makes.
  void SetErrands(Pages errands) { errand_pages_ = std::move(errands); }
  // Before Start: streams, and what the server's thread does every second before it speaks to those
  // who listen.
  void SetFeeds(Feeds feeds, std::function<void()> every_second) {
    feeds_ = std::move(feeds);
    every_second_ = std::move(every_second);
  }

  // Unavailable: the address cannot be bound.
  absl::Status Bind(const Endpoint& listen);
  // Serves, once bound.
  void Start();
  void Stop();

  // Valid once bound.
  const Endpoint& bound() const { return bound_; }

  // What is said to one request for one of the pages. `host` is its Host header, `query` as it
  // came, `fetch_site` its Sec-Fetch-Site header; null: it has none.
  HttpReply Answer(const std::string& path, const char* host, const char* query = nullptr,
                   const char* fetch_site = nullptr) const;

 private:
  struct Free {
    void operator()(event_base* base) const;
    void operator()(evhttp* http) const;
    void operator()(event* event) const;
  };

  struct Connection {
    bufferevent* stream;  // a reference
    MonotonicTime since;  // of its opening, or its last request
  };

  static void OnRequest(evhttp_request* request, void* self);
  bool BeginFeed(evhttp_request* request, const std::string& path, const char* query);
  bool BeginErrand(evhttp_request* request, const std::string& path, const char* query);
  std::optional<HttpReply> RefusalOf(const std::string& path, const char* host,
                                     const char* fetch_site) const;
  void NoteRequest(evhttp_request* request);
  bufferevent* OpenConnection();
  void ForgetClosed();
  void PauseAccepting();
  void CloseLate();
  void Tend();
  bool HostIsOurs(const std::string& host) const;
  std::string Index() const;

  const Pages pages_;
  const std::vector<std::string> hosts_;
  Pages errand_pages_;
  Feeds feeds_;
  std::function<void()> every_second_ = [] {};
  HttpListeners listeners_;
  Endpoint bound_;
  std::unique_ptr<event_base, Free> base_;
  std::unique_ptr<evhttp, Free> http_;
  std::unique_ptr<HttpErrands> errands_;
  std::unique_ptr<event, Free> stop_;
  std::unique_ptr<event, Free> second_;
  std::unique_ptr<event, Free> tend_;   // while connections are open, or accepting pauses
  evconnlistener* listener_ = nullptr;  // http_'s
  std::vector<Connection> open_;
  std::thread thread_;
};

}  // namespace dnsd::server

// Pages that take long, as those do that read a disk or look at every name: they are made by a
// thread of their own, while the HTTP server's thread goes on.
//
//   request ──> Add ──> waits ──> made by the thread ──> Finish, on the HTTP thread ──> response
//
// Only so many wait. A client that leaves meanwhile is forgotten.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "dnsd/server/http_reply.h"
#include "dnsd/server/work_thread.h"

struct event;
struct event_base;
struct bufferevent;
struct evhttp_connection;
struct evhttp_request;

namespace dnsd::server {

// Used by the HTTP server's thread alone; gone only after its connections are, and before the base.
class HttpErrands {
 public:
  static constexpr std::size_t kMost = 8;  // being made, or waiting

  // `send` ends a request; the last argument: with a body.
  using Send = void (*)(evhttp_request*, const HttpReply&, bool);
  HttpErrands(event_base* base, Send send);
  ~HttpErrands();
  HttpErrands(const HttpErrands&) = delete;
  HttpErrands& operator=(const HttpErrands&) = delete;

  // False, and nothing is done, if too many wait already. `make` is called on another thread.
  bool Add(evhttp_request* request, bool with_body, std::function<HttpReply()> make);
  // Whether a request on the stream waits for its page.
  bool Has(const bufferevent* stream) const;
  // Waits for the page that is being made; no other is made after that. Once the HTTP server's
  // thread has ended.
  void Stop() { thread_.Stop(); }

 private:
  struct Errand {
    evhttp_request* request;  // null: the client has left
    evhttp_connection* connection;
    bool with_body;
    HttpReply reply;
    bool done = false;  // `mutex_` guards it, and `reply` until it is true
  };
  static void OnClose(evhttp_connection* connection, void* self);
  void Finish();

  const Send send_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Errand>> errands_;
  event* const made_;  // one is done
  WorkThread thread_{kMost};
};

}  // namespace dnsd::server

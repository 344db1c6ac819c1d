#include "dnsd/server/http_errands.h"

#include <event2/event.h>
#include <event2/http.h>

#include <algorithm>
#include <utility>

namespace dnsd::server {

HttpErrands::HttpErrands(event_base* base, Send send)
    : send_(send),
      made_(event_new(
          base, -1, 0,
          [](evutil_socket_t, short, void* self) { static_cast<HttpErrands*>(self)->Finish(); },
          this)) {}

HttpErrands::~HttpErrands() {
  Stop();
  event_free(made_);
}

bool HttpErrands::Add(evhttp_request* request, bool with_body, std::function<HttpReply()> make) {
  if (errands_.size() >= kMost) return false;
  evhttp_connection* const connection = evhttp_request_get_connection(request);
  auto errand = std::make_shared<Errand>(Errand{request, connection, with_body, {}});
  const bool taken = thread_.Do([this, errand, make = std::move(make)] {
    HttpReply reply = make();
    {
      std::lock_guard lock(mutex_);
      errand->reply = std::move(reply);
      errand->done = true;
    }
    event_active(made_, 0, 0);
  });
  if (!taken) return false;
  errands_.push_back(std::move(errand));
  evhttp_connection_set_closecb(connection, &HttpErrands::OnClose, this);
  return true;
}

bool HttpErrands::Has(const bufferevent* stream) const {
  return std::any_of(errands_.begin(), errands_.end(), [&](const auto& errand) {
    return errand->request != nullptr &&
           evhttp_connection_get_bufferevent(errand->connection) == stream;
  });
}

// A connection that evhttp closes leaves a request that is not answered to whoever will answer it;
// one that is freed for another reason frees it.
void HttpErrands::OnClose(evhttp_connection* connection, void* self) {
  for (const auto& errand : static_cast<HttpErrands*>(self)->errands_) {
    if (errand->request == nullptr || errand->connection != connection) continue;
    const bool is_ours = evhttp_request_get_connection(errand->request) == nullptr;
    if (is_ours) evhttp_request_free(errand->request);
    errand->request = nullptr;
  }
}

void HttpErrands::Finish() {
  std::vector<std::shared_ptr<Errand>> done;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(errands_, [&](const auto& errand) {
      if (errand->done) done.push_back(errand);
      return errand->done;
    });
  }
  for (const auto& errand : done) {
    if (errand->request == nullptr) continue;
    evhttp_connection_set_closecb(errand->connection, nullptr, nullptr);
    send_(errand->request, errand->reply, errand->with_body);
  }
}

}  // namespace dnsd::server

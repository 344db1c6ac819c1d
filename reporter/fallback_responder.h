// A small web server on loopback, to which the node's web server turns for sites that it has not
// got: a request for a replica that is only recorded has it made.
//
//   request with Host www.example --> 503, Retry-After: 2   it is being made; or 307 elsewhere
//                                     404                   nothing of it is to come
#pragma once

#include <event2/http.h>

#include <memory>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "reporter/replicas.h"

namespace dnsd::reporter {

// Belongs to the loop's thread; borrows the replicas.
class FallbackResponder {
 public:
  //   Unavailable   it cannot listen there
  static absl::StatusOr<std::unique_ptr<FallbackResponder>> Listen(event_base* base,
                                                                   const Endpoint& listen,
                                                                   Replicas& replicas);
  const Endpoint& listen() const { return listen_; }

 private:
  struct HttpDeleter {
    void operator()(evhttp* http) const { evhttp_free(http); }
  };
  FallbackResponder(Endpoint listen, Replicas& replicas, std::unique_ptr<evhttp, HttpDeleter> http);
  void Answer(evhttp_request* request);

  Endpoint listen_;
  Replicas& replicas_;
  std::unique_ptr<evhttp, HttpDeleter> http_;
};

}  // namespace dnsd::reporter

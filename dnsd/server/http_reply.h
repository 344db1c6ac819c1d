// What the HTTP server is asked and says.
#pragma once

#include <map>
#include <string>

namespace dnsd::server {

// What stands behind the `?` of a request, decoded; of a name that comes twice the first.
using HttpQuery = std::map<std::string, std::string>;

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

}  // namespace dnsd::server

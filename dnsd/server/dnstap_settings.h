// What the configuration says of dnstap.
#pragma once

#include <string>

namespace dnsd::server {

struct DnstapSettings {
  std::string socket;     // path: somebody listens there, or will
  std::string file;       // path; of the two one is set
  bool queries = true;    // AUTH_QUERY
  bool responses = true;  // AUTH_RESPONSE
  std::string identity;   // of this server, as it tells; empty: nothing

  friend bool operator==(const DnstapSettings&, const DnstapSettings&) = default;
};

}  // namespace dnsd::server

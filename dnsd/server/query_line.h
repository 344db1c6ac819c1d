// A query and its response as a line of the query log.
#pragma once

#include <string>

#include "dnsd/server/query_tap.h"

namespace dnsd::server {

// Without the end of line:
//
//   2026-11-22T08:30:00.123456Z 192.0.2.1#5353 UDP www.lb.example. A IN NOERROR 192.0.2.7,192.0.2.8
//
// Fields are divided by one blank: time, client with its port ("-" if not known), transport, name
// as asked, type, class, RCODE ("-" where nothing was sent), the addresses in the answer (else how
// many records it has). A name that cannot be read, and its type and class, are "-".
std::string QueryLine(const TappedQuery& query);

}  // namespace dnsd::server

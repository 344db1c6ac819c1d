// libevent's own messages among ours.
#pragma once

namespace dnsd::server {

// Sends what libevent says to the log, a few lines each ten seconds; without it libevent writes to
// stderr itself, without limit.
void RouteLibeventLog();

}  // namespace dnsd::server

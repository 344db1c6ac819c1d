// Whether a replica fits into the room that there is, and what is dropped so that it does.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace dnsd::reporter {

// A replica that may be dropped.
struct Evictable {
  std::string site;
  std::uint64_t bytes = 0;
  std::time_t last_used = 0;  // seconds since 1970
};

// The fewest sites of the least recently used whose sizes are `excess` octets or more together;
// none if all of them are not enough.
std::vector<std::string> ChooseEvictions(std::vector<Evictable> replicas, std::uint64_t excess);

struct Room {
  std::uint64_t quota = 0;    // octets; 0: no bound
  std::uint64_t used = 0;     // by all sites here
  std::uint64_t leaving = 0;  // of that, by those that are being dropped
  std::uint64_t coming = 0;   // by those that are being made
  std::uint64_t free = 0;     // of the disk; 0: not known

  // By how much a replica of `bytes` would pass the quota, when all that leaves has left.
  std::uint64_t Excess(std::uint64_t bytes) const;
  // Whether it fits now, before anything has left.
  bool FitsNow(std::uint64_t bytes) const;
  bool FitsDisk(std::uint64_t bytes) const { return free == 0 || coming + bytes <= free + leaving; }
};

}  // namespace dnsd::reporter

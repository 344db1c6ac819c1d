// Which sites are asked for most, and which of their members answer: what one worker counts.
//
//   hash of the name ──> a set of kWays rows ──> the site's own row, or the coldest one's turn
//
// A table of so many rows whatever is asked: a site that is not in it takes heat from the coldest
// row of its set, and the row once that has none left (after Misra and Gries). So a site with a
// fair share of what falls to its set stays, and names that are asked for once pass through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::answer {

// One site's counts, as read. Estimates where the worker samples.
struct SiteRow {
  struct Member {
    IpAddress address;
    std::uint64_t answers = 0;
  };
  std::uint64_t version = 0;  // another one: another site, or the same counted from 0 again
  std::string name;           // wire form
  std::uint64_t answers = 0;
  std::vector<Member> members;      // kMembers of each address family at most
  std::uint64_t other_members = 0;  // addresses given out of all others
};

// Add is for the one owning thread; Read for any. Allocates when built only; rows that no site has
// had yet take no memory.
class SiteTally {
 public:
  static constexpr std::size_t kSets = 64;
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kRows = kSets * kWays;
  static constexpr std::size_t kMembers = 64;  // of each address family

  SiteTally();
  ~SiteTally();

  // Counts `weight` answers of the site with this name (wire form) and hash. Gives its row for
  // AddMember; null if it has none.
  struct Row;
  Row* Add(std::uint64_t hash, std::span<const std::uint8_t> name, std::uint32_t weight);
  // Counts an address given out, of 4 or 16 octets, which stands at `place` of its pool: those of a
  // pool of kMembers never meet each other.
  static void AddMember(Row& row, std::size_t place, std::span<const std::uint8_t> address,
                        std::uint32_t weight);

  // False if the row is empty, or is being given to another site right now.
  bool Read(std::size_t row, SiteRow& out) const;

 private:
  struct Set;
  struct Free {
    void operator()(Row* rows) const;
  };
  std::unique_ptr<Set[]> sets_;
  std::unique_ptr<Row[], Free> rows_;  // kWays for each set
};

}  // namespace dnsd::answer

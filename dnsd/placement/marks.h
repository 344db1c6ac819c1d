// What operators, and mishaps, say of where sites may be.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "dnsd/base/clock.h"

namespace dnsd::placement {

using SiteAtNode = std::pair<std::string, std::string>;  // owner name with its final dot, node

// Kept over restarts.
struct Marks {
  std::set<SiteAtNode> pinned{};   // never contracted there
  std::set<std::string> frozen{};  // sites that no decision touches

  friend bool operator==(const Marks&, const Marks&) = default;
};

// A site is kept from a node for a while after it has failed there, or was evicted: twice as long
// each time in a row.
class Bars {
 public:
  // What ends a row of failures, and what does not end one of evictions, is that the site was made
  // there: only what was made can be evicted.
  enum class After : std::uint8_t { kFailure, kEviction };

  void Add(const SiteAtNode& where, After after, Duration least, Duration most, MonotonicTime now) {
    Bar& bar = bars_[where];
    bar.after = after;
    bar.length = bar.length == Duration::zero() ? least : std::min(most, 2 * bar.length);
    bar.until = now + bar.length;
  }
  bool Has(const SiteAtNode& where, MonotonicTime now) const {
    const auto at = bars_.find(where);
    return at != bars_.end() && now < at->second.until;
  }
  // It went well there.
  void Clear(const SiteAtNode& where) {
    const auto at = bars_.find(where);
    if (at != bars_.end() && at->second.after == After::kFailure) bars_.erase(at);
  }
  // Forgets those that ended long ago.
  void Sweep(MonotonicTime now) {
    std::erase_if(bars_, [now](const auto& entry) {
      return now > entry.second.until + 2 * entry.second.length;
    });
  }
  // Calls visit(node) for each that may not have the site now.
  template <typename Visit>
  void ForEachNode(const std::string& site, MonotonicTime now, Visit&& visit) const {
    for (auto at = bars_.lower_bound({site, ""}); at != bars_.end() && at->first.first == site;
         ++at) {
      if (now < at->second.until) visit(at->first.second);
    }
  }

 private:
  struct Bar {
    After after = After::kFailure;
    Duration length{0};
    MonotonicTime until{};
  };
  std::map<SiteAtNode, Bar> bars_;
};

}  // namespace dnsd::placement

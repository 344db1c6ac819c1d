// The one writer of the measured round-trip times: takes the reporters' samples in, and makes the
// next immutable view of them.
//
//   Add(node, samples) ──> [ pending ] ──once a second──> [ batch ] ──Build──> shards that change,
//                                                                              copied ──> RttView
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/locality/rtt_view.h"

namespace dnsd::locality {

struct RttOptions {
  std::size_t max_prefixes = 1'000'000;
  // Of a prefix's last sample, and of a node's until it should be measured again; a day at most.
  Duration max_age = std::chrono::hours(1);

  friend bool operator==(const RttOptions&, const RttOptions&) = default;
};

// A figure after a sample of `count` connections that came `seconds` after the last one: an
// exponentially weighted mean. The sample's share is count / (count + 8), and at least what halves
// the old figure's weight every minute.
float BlendRtt(float figure, float sample, std::uint32_t count, double seconds);

struct RttCounts {
  std::uint64_t prefixes = 0;
  std::uint64_t figures = 0;    // a prefix and node
  std::uint64_t octets = 0;     // that the prefixes take
  std::uint64_t samples = 0;    // taken in
  std::uint64_t over_rate = 0;  // not taken in: a node sent more than it may, or all did
  std::uint64_t evicted = 0;    // prefixes that made room
  std::uint64_t expired = 0;    // figures that grew too old
};

// Used by one thread; the views are for all. Bounded whatever is reported: max_prefixes of seven
// nodes each, the best and the newest; of each node kSamplesPerSecond and as many again in a burst.
//
// The figures of a prefix go together, once all are older than max_age: what is near now must not
// tie with what was known to be far. The oldest go by kKeptFor times that in any case.
//
// A prefix counts for the node that has told of it first. When a part of the hash's range, some 400
// prefixes, is full, the node for which most of them count makes room, with the one that was heard
// of longest ago. So nodes that make prefixes up, each for itself or together, push out their own,
// and nobody's who has no more than they.
class RttTable {
 public:
  static constexpr std::uint32_t kSamplesPerSecond = 256;
  static constexpr std::size_t kMostPending = 200'000;  // of all nodes, between two builds
  static constexpr Duration kTick = std::chrono::seconds(4);
  static constexpr Duration kBuildPeriod = std::chrono::seconds(1);
  static constexpr Duration kMostAge = std::chrono::hours(24);
  static constexpr unsigned kKeptFor = 3;
  static constexpr std::size_t kShardsPerBuild = 256;  // some 6 MB to copy

  // `seed`: secret, of the hash.
  RttTable(const RttOptions& options, std::uint64_t seed, MonotonicTime start);

  const RttOptions& options() const { return options_; }
  // From now on; nothing is forgotten but what is over the new limits. Where their number of shards
  // is another, prefixes move a part at a time with each Build, and the view stays until all have.
  void SetOptions(const RttOptions& options);

  // Nodes past 65,535 are left out.
  void Add(fleet::NodeIndex node, std::span<const fleet::RttSample> samples, MonotonicTime now);
  // Applies what was added, kBuildPeriod apart, and drops what is too old, a part of the table at a
  // time: all of it within a minute or so. Changes kShardsPerBuild shards at most; what is then
  // left is for the next calls, however soon. Whether there is another view.
  bool Build(MonotonicTime now);
  // Whether Build has left something.
  bool has_more() const { return !moving_.empty() || !batch_.empty(); }

  // As of the last Build; never null.
  std::shared_ptr<const RttView> view() const { return view_; }
  const RttCounts& counts() const { return counts_; }

 private:
  struct Pending {
    std::uint64_t key = 0;
    std::uint64_t hash = 0;
    std::uint32_t count = 0;
    Rtt rtt;
  };
  struct Budget {
    double left = 0;
    MonotonicTime time;
  };

  std::uint16_t TickOf(MonotonicTime now) const;
  std::size_t KeptOf(const RttLine& line, std::uint16_t now, Rtt* out) const;
  bool AnyGone(const RttShard& shard, std::uint16_t now) const;
  bool AnyTurnedOld(const RttShard& shard, std::uint16_t now) const;
  double TakeBudget(fleet::NodeIndex node, double wanted, MonotonicTime now);
  bool ApplyBatch(std::uint16_t now);
  bool Sweep(std::uint16_t now);
  bool MoveSome(std::uint16_t now);
  void Rebuild(std::size_t shard, std::span<const Pending> changes, std::uint16_t now,
               std::span<const RttLine> moved = {});
  void CopyFresh(std::span<const RttLine> lines, std::uint16_t now, std::vector<RttLine>& out);
  void MakeRoom(std::vector<RttLine>& lines, std::uint16_t now);
  void Index(RttShard& shard, std::size_t slots) const;
  void CountShard(const RttShard* before, const RttShard* after);
  void MakeView(std::uint16_t now);

  RttOptions options_;
  const std::uint64_t seed_;
  const MonotonicTime start_;
  std::uint16_t max_ticks_ = 0;
  std::vector<std::shared_ptr<const RttShard>> shards_;  // null: empty
  std::size_t most_lines_ = 0;                           // of a shard
  std::vector<std::shared_ptr<const RttShard>> moving_;  // of other options: from moved_ on
  std::size_t moved_ = 0;
  std::vector<Pending> pending_;
  std::vector<Pending> batch_;  // by hash: those before applied_ are in the shards
  std::size_t applied_ = 0;
  bool unseen_ = false;          // the shards are not those of the view
  std::vector<Budget> budgets_;  // by NodeIndex
  MonotonicTime built_;
  std::size_t swept_ = 0;  // the shard that is looked through next
  RttCounts counts_;
  std::shared_ptr<const RttView> view_ = std::make_shared<RttView>();
};

}  // namespace dnsd::locality

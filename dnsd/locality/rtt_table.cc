#include "dnsd/locality/rtt_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace dnsd::locality {
namespace {

constexpr std::size_t kLinesPerShard = 400;
constexpr std::size_t kSweepParts = 64;  // of the table, one looked through at each build
constexpr float kSamplesOfHalf = 8;      // connections whose sample counts as much as the figure
constexpr double kHalfLifeSeconds = 60;

// Puts a figure where it belongs by its milliseconds: lines are sorted, the nearest first. A full
// line loses its farthest node to a new one that is nearer.
void Put(RttLine& line, const Rtt& sample, std::uint32_t count, Duration tick) {
  const auto rtts = line.rtts();
  const auto at = std::find_if(rtts.begin(), rtts.end(),
                               [&](const Rtt& rtt) { return rtt.node == sample.node; });
  auto place = static_cast<std::size_t>(at - rtts.begin());
  Rtt next = sample;
  if (at != rtts.end()) {
    const auto ticks = static_cast<std::uint16_t>(sample.seen - at->seen);
    next.milliseconds =
        BlendRtt(at->milliseconds, sample.milliseconds, count, ticks * Seconds(tick));
  } else if (place == RttLine::kMost) {
    --place;
    if (rtts[place].milliseconds <= next.milliseconds) return;
  } else {
    line.set_count(place + 1);
  }
  // What stood at `place` is gone: its neighbours move there until the figure fits.
  const std::size_t size = line.rtts().size();
  for (; place > 0 && line.slot(place - 1).milliseconds > next.milliseconds; --place) {
    line.slot(place) = line.slot(place - 1);
  }
  for (; place + 1 < size && line.slot(place + 1).milliseconds < next.milliseconds; ++place) {
    line.slot(place) = line.slot(place + 1);
  }
  line.slot(place) = next;
}

std::uint16_t Age(const Rtt& rtt, std::uint16_t now) {
  return static_cast<std::uint16_t>(now - rtt.seen);
}

// Of the figure that was refreshed last.
std::uint16_t AgeOf(const RttLine& line, std::uint16_t now) {
  std::uint16_t least = 0xFFFF;
  for (const Rtt& rtt : line.rtts()) least = std::min(least, Age(rtt, now));
  return least;
}

// For each owner how many of its lines have to go so that `over` go in all and nobody whose lines
// go has fewer left than anybody had before, but for one.
std::map<std::uint16_t, std::size_t> ToGo(const std::vector<RttLine>& lines, std::size_t over) {
  std::map<std::uint16_t, std::size_t> counts;
  for (const RttLine& line : lines) ++counts[line.owner()];
  std::vector<std::pair<std::size_t, std::uint16_t>> owners;
  for (const auto& [owner, count] : counts) owners.emplace_back(count, owner);
  std::ranges::sort(owners, std::ranges::greater());
  // The first `level` of them down to what the next one has, as long as there are so many to go.
  std::map<std::uint16_t, std::size_t> to_go;
  for (std::size_t level = 1; over > 0; ++level) {
    const std::size_t next = level < owners.size() ? owners[level].first : 0;
    const std::size_t each = std::min(owners[level - 1].first - next, (over + level - 1) / level);
    for (std::size_t i = 0; i < level && over > 0; ++i) {
      const std::size_t some = std::min(each, over);
      to_go[owners[i].second] += some;
      over -= some;
    }
  }
  return to_go;
}

// Of the lines that `may_go` the `count` that were heard of longest ago; there are as many.
template <typename MayGo>
void DropOldest(std::vector<RttLine>& lines, std::size_t count, std::uint16_t now, MayGo may_go) {
  if (count == 0) return;
  std::vector<std::uint16_t> ages;
  for (const RttLine& line : lines) {
    if (may_go(line)) ages.push_back(AgeOf(line, now));
  }
  const auto last = ages.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::ranges::nth_element(ages, last, std::ranges::greater());
  const std::uint16_t limit = *last;
  // Those before `last` are not below the limit; of those at it the first go.
  auto at_limit = std::count(ages.begin(), last + 1, limit);
  std::erase_if(lines, [&](const RttLine& line) {
    if (!may_go(line)) return false;
    const std::uint16_t age = AgeOf(line, now);
    return age > limit || (age == limit && at_limit-- > 0);
  });
}

void PutSlot(RttShard& shard, std::size_t line, std::uint64_t hash) {
  const auto mask = static_cast<std::uint32_t>(shard.slots.size() - 1);
  std::uint32_t i = RttShard::FirstSlot(hash, mask);
  while (shard.slots[i] != 0) i = (i + 1) & mask;
  shard.slots[i] = static_cast<std::uint32_t>((hash & 0xFFFF) << 16 | (line + 1));
}

}  // namespace

float BlendRtt(float figure, float sample, std::uint32_t count, double seconds) {
  const float by_count = static_cast<float>(count) / (static_cast<float>(count) + kSamplesOfHalf);
  const auto by_age = static_cast<float>(1 - std::exp2(-seconds / kHalfLifeSeconds));
  return figure + std::max(by_count, by_age) * (sample - figure);
}

RttTable::RttTable(const RttOptions& options, std::uint64_t seed, MonotonicTime start)
    : seed_(seed), start_(start), built_(start) {
  SetOptions(options);
}

void RttTable::SetOptions(const RttOptions& options) {
  if (options == options_ && !shards_.empty()) return;
  while (!moving_.empty()) {  // hardly ever: two reloads within a second
    MoveSome(TickOf(built_));
    unseen_ = true;
  }
  options_ = options;
  max_ticks_ = static_cast<std::uint16_t>(std::min(options.max_age, kMostAge) / kTick);
  const std::size_t shards = std::max<std::size_t>(1, options.max_prefixes / kLinesPerShard);
  most_lines_ = std::min(RttShard::kMostLines, options.max_prefixes / shards);
  if (shards == shards_.size()) return;
  if (counts_.prefixes > 0) moving_ = std::move(shards_);
  moved_ = 0;
  swept_ = 0;
  shards_.assign(shards, nullptr);
  counts_.prefixes = counts_.figures = counts_.octets = 0;
}

// Wraps around after three days and 49 minutes, by when nothing of the same tick is left.
std::uint16_t RttTable::TickOf(MonotonicTime now) const {
  static_assert(kKeptFor * kMostAge + std::chrono::minutes(30) < 0x10000 * kTick);
  return static_cast<std::uint16_t>((now - start_) / kTick);
}

// How much of `wanted` the node may have; the rest goes to waste.
double RttTable::TakeBudget(fleet::NodeIndex node, double wanted, MonotonicTime now) {
  constexpr double kRate = kSamplesPerSecond;
  if (budgets_.size() <= node) budgets_.resize(node + std::size_t{1}, {2 * kRate, start_});
  Budget& budget = budgets_[node];
  const double since = std::max(0.0, Seconds(now - budget.time));
  budget.left = std::min(2 * kRate, budget.left + since * kRate);
  budget.time = std::max(budget.time, now);
  const double taken = std::floor(std::min(wanted, budget.left));
  budget.left -= taken;
  return taken;
}

void RttTable::Add(fleet::NodeIndex node, std::span<const fleet::RttSample> samples,
                   MonotonicTime now) {
  if (samples.empty() || node > 0xFFFF) return;
  const double allowed = TakeBudget(node, static_cast<double>(samples.size()), now);
  const std::size_t room = kMostPending - pending_.size();
  const std::size_t taken = std::min(static_cast<std::size_t>(allowed), room);
  const std::uint16_t tick = TickOf(now);
  for (const fleet::RttSample& sample : samples.first(taken)) {
    const std::uint64_t key = RttKeyOf(sample.prefix);
    pending_.push_back({key,
                        RttView::Hash(key, seed_),
                        sample.count,
                        {sample.median_milliseconds, static_cast<std::uint16_t>(node), tick}});
  }
  counts_.samples += taken;
  counts_.over_rate += samples.size() - taken;
}

bool RttTable::Build(MonotonicTime now) {
  const std::uint16_t tick = TickOf(now);
  bool changed = false;
  if (!moving_.empty()) {
    changed = MoveSome(tick);
  } else if (!batch_.empty()) {
    changed = ApplyBatch(tick);
  } else if (now >= built_ + kBuildPeriod) {
    built_ = now;
    if (pending_.empty() && counts_.prefixes == 0) return false;
    batch_.swap(pending_);
    // The order of the shards is that of the hashes; of one prefix the samples stay in theirs.
    std::ranges::stable_sort(batch_, {}, &Pending::hash);
    changed = ApplyBatch(tick);
    changed = Sweep(tick) || changed;
  }
  unseen_ = unseen_ || changed;
  if (!unseen_ || has_more()) return false;
  unseen_ = false;
  MakeView(tick);
  return true;
}

// Of the batch what falls into the next shards.
bool RttTable::ApplyBatch(std::uint16_t now) {
  const std::size_t before = applied_;
  for (std::size_t rebuilt = 0; applied_ < batch_.size() && rebuilt < kShardsPerBuild; ++rebuilt) {
    const std::size_t shard = RttView::ShardOf(batch_[applied_].hash, shards_.size());
    std::size_t last = applied_;
    while (last < batch_.size() && RttView::ShardOf(batch_[last].hash, shards_.size()) == shard) {
      ++last;
    }
    Rebuild(shard, std::span(batch_).subspan(applied_, last - applied_), now);
    applied_ = last;
  }
  const bool changed = applied_ > before;
  if (applied_ == batch_.size()) {
    batch_.clear();
    applied_ = 0;
  }
  return changed;
}

bool RttTable::Sweep(std::uint16_t now) {
  bool changed = false;
  const std::size_t part = std::max<std::size_t>(1, shards_.size() / kSweepParts);
  for (std::size_t i = 0; i < part; ++i) {
    swept_ = (swept_ + 1) % shards_.size();
    const RttShard* const shard = shards_[swept_].get();
    if (shard == nullptr) continue;
    changed = changed || AnyTurnedOld(*shard, now);
    if (!AnyGone(*shard, now)) continue;
    Rebuild(swept_, {}, now);
    changed = true;
  }
  return changed;
}

// Puts the prefixes of the next old shards into the new ones. Whether those were the last.
bool RttTable::MoveSome(std::uint16_t now) {
  std::vector<std::pair<std::uint64_t, const RttLine*>> lines;  // with their hashes
  const std::size_t end = std::min(moving_.size(), moved_ + kShardsPerBuild);
  for (; moved_ < end; ++moved_) {
    if (moving_[moved_] == nullptr) continue;
    for (const RttLine& line : moving_[moved_]->lines) {
      lines.emplace_back(RttView::Hash(line.key(), seed_), &line);
    }
  }
  std::ranges::sort(lines);
  std::vector<RttLine> of_shard;
  for (std::size_t i = 0; i < lines.size();) {
    const std::size_t shard = RttView::ShardOf(lines[i].first, shards_.size());
    of_shard.clear();
    for (; i < lines.size() && RttView::ShardOf(lines[i].first, shards_.size()) == shard; ++i) {
      of_shard.push_back(*lines[i].second);
    }
    Rebuild(shard, {}, now, of_shard);
  }
  if (moved_ < moving_.size()) return false;
  moving_.clear();
  return true;
}

bool RttTable::AnyGone(const RttShard& shard, std::uint16_t now) const {
  return std::ranges::any_of(shard.lines, [&](const RttLine& line) {
    RttLine kept = line;
    return KeptOf(line, now, &kept.slot(0)) < line.rtts().size();
  });
}

// Of a line that stays: what the view, which has not changed since, does not take for old yet.
bool RttTable::AnyTurnedOld(const RttShard& shard, std::uint16_t now) const {
  return std::ranges::any_of(shard.lines, [&](const RttLine& line) {
    return std::ranges::any_of(line.rtts(), [&](const Rtt& rtt) {
      return Age(rtt, now) > max_ticks_ && !view_->IsOld(rtt);
    });
  });
}

// `moved`: lines of prefixes that the shard does not have.
void RttTable::Rebuild(std::size_t shard, std::span<const Pending> changes, std::uint16_t now,
                       std::span<const RttLine> moved) {
  const RttShard* old = shards_[shard].get();
  auto next = std::make_shared<RttShard>();
  next->lines.reserve((old == nullptr ? 0 : old->lines.size()) + changes.size() + moved.size());
  if (old != nullptr) CopyFresh(old->lines, now, next->lines);
  CopyFresh(moved, now, next->lines);
  if (next->lines.size() > most_lines_) MakeRoom(next->lines, now);
  Index(*next, next->lines.size() + changes.size());
  const auto mask = static_cast<std::uint32_t>(next->slots.size() - 1);
  for (const Pending& change : changes) {
    const RttLine* found =
        RttShard::Find(next->lines.data(), next->slots.data(), mask, change.key, change.hash);
    auto line = static_cast<std::size_t>(found - next->lines.data());
    if (found == nullptr) {
      line = next->lines.size();
      if (line == RttShard::kMostLines) continue;
      next->lines.emplace_back(change.key, change.rtt.node);
      PutSlot(*next, line, change.hash);
    }
    Put(next->lines[line], change.rtt, change.count, kTick);
  }
  if (next->lines.size() > most_lines_) {
    MakeRoom(next->lines, now);
    Index(*next, next->lines.size());
  }
  for (const RttLine& line : next->lines) {
    next->figures += line.rtts().size();
    next->lines_v6 += line.is_v6() ? 1U : 0U;
  }
  if (next->lines.empty()) next = nullptr;
  CountShard(old, next.get());
  shards_[shard] = std::move(next);
}

// Puts the figures that stay into `out`, which has room for kMost.
std::size_t RttTable::KeptOf(const RttLine& line, std::uint16_t now, Rtt* out) const {
  if (AgeOf(line, now) > max_ticks_) return 0;
  const auto end = std::ranges::copy_if(line.rtts(), out, [&](const Rtt& rtt) {
                     return Age(rtt, now) <= kKeptFor * max_ticks_;
                   }).out;
  return static_cast<std::size_t>(end - out);
}

// The lines without their figures that are too old, and without lines that had no others.
void RttTable::CopyFresh(std::span<const RttLine> lines, std::uint16_t now,
                         std::vector<RttLine>& out) {
  for (const RttLine& line : lines) {
    RttLine& copy = out.emplace_back(line);
    const std::size_t kept = KeptOf(line, now, &copy.slot(0));
    counts_.expired += line.rtts().size() - kept;
    copy.set_count(kept);
    if (kept == 0) out.pop_back();
  }
}

// Keeps as many prefixes as there is room for.
void RttTable::MakeRoom(std::vector<RttLine>& lines, std::uint16_t now) {
  counts_.evicted += lines.size() - most_lines_;
  for (const auto& [owner, count] : ToGo(lines, lines.size() - most_lines_)) {
    DropOldest(lines, count, now, [of = owner](const RttLine& line) { return line.owner() == of; });
  }
}

// Gives the shard slots for `lines` lines, and puts those that are there into them.
void RttTable::Index(RttShard& shard, std::size_t lines) const {
  shard.slots.assign(std::bit_ceil(2 * std::max<std::size_t>(lines, 2)), 0);
  for (std::size_t i = 0; i < shard.lines.size(); ++i) {
    PutSlot(shard, i, RttView::Hash(shard.lines[i].key(), seed_));
  }
}

void RttTable::CountShard(const RttShard* before, const RttShard* after) {
  const auto octets = [](const RttShard& shard) {
    return sizeof(RttShard) + shard.lines.capacity() * sizeof(RttLine) +
           shard.slots.capacity() * sizeof(std::uint32_t);
  };
  if (before != nullptr) {
    counts_.prefixes -= before->lines.size();
    counts_.figures -= before->figures;
    counts_.octets -= octets(*before);
  }
  if (after != nullptr) {
    counts_.prefixes += after->lines.size();
    counts_.figures += after->figures;
    counts_.octets += octets(*after);
  }
}

void RttTable::MakeView(std::uint16_t now) {
  auto view = std::make_shared<RttView>();
  view->tick_ = now;
  view->max_ticks_ = max_ticks_;
  if (counts_.prefixes > 0) {
    view->seed_ = seed_;
    view->shards_ = shards_;
    view->homes_.resize(shards_.size());
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      if (shards_[i] == nullptr) continue;
      const RttShard& shard = *shards_[i];
      view->prefixes_[0] += shard.lines.size() - shard.lines_v6;
      view->prefixes_[1] += shard.lines_v6;
      view->homes_[i] = {shard.lines.data(), shard.slots.data(),
                         static_cast<std::uint32_t>(shard.slots.size() - 1)};
    }
  }
  view_ = std::move(view);
}

}  // namespace dnsd::locality

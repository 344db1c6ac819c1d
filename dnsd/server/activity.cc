#include "dnsd/server/activity.h"

#include <algorithm>
#include <cmath>

namespace dnsd::server {
namespace {

using Stats = answer::WorkerStats;

constexpr double kLateSeconds = 5;  // what "of late" means

// What was counted since `before`, which becomes `now`.
std::uint64_t GrownSince(std::uint64_t now, std::uint64_t& before) {
  const std::uint64_t grown = now - std::min(before, now);
  before = now;
  return grown;
}

}  // namespace

void Activity::Update(MonotonicTime now) {
  const auto fleet = observed_.fleet();
  const auto total = [&](auto pick) { return Total(observed_, pick); };
  const std::uint64_t queries = total([](const Stats& s) -> auto& { return s.queries[0]; }) +
                                total([](const Stats& s) -> auto& { return s.queries[1]; });
  const std::uint64_t answers = total([](const Stats& s) -> auto& { return s.site_answers; });
  const std::uint64_t failed = total([](const Stats& s) -> auto& { return s.fail_open; });
  const std::uint64_t panicked = total([](const Stats& s) -> auto& { return s.panic; });
  std::lock_guard lock(mutex_);
  const double seconds = updated_ ? Seconds(now - *updated_) : 0;
  const double weight = 1 - std::exp(-seconds / kLateSeconds);
  updated_ = now;
  sites_.Update(observed_.workers, seconds, weight);
  node_answers_.resize(fleet->nodes.size());
  node_rates_.resize(fleet->nodes.size());
  Grown grown{GrownSince(queries, queries_), GrownSince(failed, failed_),
              GrownSince(panicked, panicked_), std::vector<double>(fleet->nodes.size())};
  for (std::size_t i = 0; i < grown.given.size(); ++i) {
    grown.given[i] = static_cast<double>(GrownSince(fleet->nodes[i].answers, node_answers_[i]));
  }
  const auto answered = static_cast<double>(GrownSince(answers, site_answers_));
  if (!(seconds > 0)) return;
  query_rate_ += weight * (static_cast<double>(grown.queries) / seconds - query_rate_);
  answer_rate_ += weight * (answered / seconds - answer_rate_);
  for (std::size_t i = 0; i < grown.given.size(); ++i) {
    node_rates_[i] += weight * (grown.given[i] / seconds - node_rates_[i]);
  }
  TakePoint(seconds, grown);
}

void Activity::TakePoint(double seconds, const Grown& grown) {
  Point point{.number = next_number_++,
              .queries = static_cast<double>(grown.queries) / seconds,
              .answers_failed = static_cast<double>(grown.failed) / seconds,
              .failed = grown.failed,
              .panicked = grown.panicked,
              .nodes = {}};
  for (std::size_t i = 0; i < grown.given.size(); ++i) {
    if (grown.given[i] > 0) {
      point.nodes.emplace_back(static_cast<fleet::NodeIndex>(i),
                               static_cast<float>(grown.given[i] / seconds));
    }
  }
  const auto more = [](const auto& a, const auto& b) { return a.second > b.second; };
  std::ranges::sort(point.nodes, more);
  while (point.nodes.size() > kNodesAPoint) {
    point.other_nodes += static_cast<double>(point.nodes.back().second);
    point.nodes.pop_back();
  }
  points_.push_back(std::move(point));
  if (points_.size() > kHistory) points_.pop_front();
}

Activity::Now Activity::Get() const {
  std::lock_guard lock(mutex_);
  Now now{.sites = sites_.sites(),
          .other_answers = sites_.other(),
          .node_rates = node_rates_,
          .queries = query_rate_,
          .site_answers = answer_rate_};
  for (const Point& point : points_) {
    now.failed += point.failed;
    now.panicked += point.panicked;
  }
  return now;
}

std::vector<Activity::Point> Activity::Since(std::uint64_t after) const {
  std::lock_guard lock(mutex_);
  const auto from = std::find_if(points_.begin(), points_.end(),
                                 [=](const Point& point) { return point.number > after; });
  return {from, points_.end()};
}

}  // namespace dnsd::server

#include "dnsd/server/history.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

constexpr double kSamplesPerSecond = 200;  // so many nodes' that a disk never notices
constexpr auto kPrunePeriod = std::chrono::minutes(1);

}  // namespace

Duration HistoryWriter::PeriodFor(std::size_t nodes, Duration shortest) {
  return std::max(shortest, FromSeconds(static_cast<double>(nodes) / kSamplesPerSecond));
}

HistoryHealth HistoryWriter::health() const {
  std::lock_guard lock(mutex_);
  return health_;
}

void HistoryWriter::Write(const StatusReport& report, const Events& events, WallTime now) {
  absl::Status status = TryWrite(report, events, now);
  if (absl::IsDataLoss(status)) {  // come upon while writing
    store_.reset();
    status = HistoryStore::SetAside(path_, Message(status));
    if (status.ok()) status = TryWrite(report, events, now);
  }
  if (!status.ok()) store_.reset();  // the next turn opens it anew, whatever was wrong
  std::string before;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(health_.error, Message(status));
    health_.samples += status.ok() ? report.nodes.size() : 0;
    if (!status.ok()) ++health_.failed;
  }
  if (status.ok() && !before.empty()) {
    spdlog::info("the history is written again");
  } else if (!status.ok() && before.empty()) {
    spdlog::error("cannot write the history, what happens now will not be in it: {}",
                  Message(status));
  }
}

absl::Status HistoryWriter::TryWrite(const StatusReport& report, const Events& events,
                                     WallTime now) {
  const bool check = suspected_.exchange(false);
  if (check) store_.reset();
  if (!store_) {
    auto store = HistoryStore::Open(path_, check);
    if (!store.ok()) {
      if (check) suspected_ = true;
      return store.status();
    }
    store_ = *std::move(store);
  }
  const Events::Some news = events.Since(last_event_);
  DNSD_RETURN_IF_ERROR(store_->Write(SamplesOf(report, now), news.events));
  last_event_ = news.last;
  if (pruned_ && now >= *pruned_ && now < *pruned_ + kPrunePeriod) return absl::OkStatus();
  pruned_ = now;
  return store_->Prune(limits_, now);
}

std::vector<HistorySample> HistoryWriter::SamplesOf(const StatusReport& report, WallTime now) {
  std::vector<HistorySample> samples;
  samples.reserve(report.nodes.size());
  for (const NodeStatus& node : report.nodes) {
    std::uint64_t& counted = answers_[node.name];
    const std::uint64_t before = std::exchange(counted, node.answers);
    samples.push_back({.time = now,
                       .node = node.name,
                       .state = fleet::NameOf(node.state),
                       .cost = static_cast<double>(node.cost),
                       .answers = node.answers - std::min(before, node.answers),
                       .cpu_utilization = node.load.cpu_utilization,
                       .mem_utilization = node.load.mem_utilization,
                       .connections = node.load.connections,
                       .rps = node.load.rps});
  }
  return samples;
}

History::History(std::string path, const HistoryConfig& config, Report report, const Events& events)
    : path_(std::move(path)),
      shortest_(config.interval),
      report_(std::move(report)),
      events_(events),
      writer_(path_, config.limits),
      thread_([this] { Run(); }) {}

History::~History() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void History::Run() {
  for (bool last = false; !last;) {
    Write();
    const Duration period = HistoryWriter::PeriodFor(report_()->nodes.size(), shortest_);
    std::unique_lock lock(mutex_);
    last = wake_.wait_for(lock, period, [this] { return stopping_; });
  }
  Write();
}

}  // namespace dnsd::server

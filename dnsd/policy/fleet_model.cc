#include "dnsd/policy/fleet_model.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "dnsd/policy/cost_model.h"
#include "dnsd/policy/node_figures.h"

namespace dnsd::policy {
namespace {

constexpr float kMostValue = 1e30F;

template <typename T>
T& At(std::vector<T>& all, fleet::NodeIndex index) {
  if (all.size() <= index) all.resize(index + std::size_t{1});
  return all[index];
}

struct Sample {
  bool reported = false;
  fleet::Load load;  // smoothed
  MonotonicTime sampled;
  Duration interval{};
};

}  // namespace

// The loads under one share of smoothing, and what is learnt from them.
struct FleetModel::Book {
  float smoothing = 0;
  CostModel model;
  std::vector<Sample> samples;  // by NodeIndex; of the report, where nothing is smoothed
};

FleetModel::~FleetModel() = default;

CostFigures FleetModel::Predict(fleet::NodeIndex node, MonotonicTime now, double warm_up) const {
  return books_.front()->model.Predict(node, now, warm_up);
}

double FleetModel::ErrorShare(fleet::NodeIndex node) const {
  return books_.front()->model.ErrorShare(node);
}

const FleetAverages& FleetModel::averages() const { return books_.front()->model.averages(); }

FleetModel::FleetModel(std::vector<Gauge> gauges) {
  books_.push_back(std::make_unique<Book>());
  SetGauges(std::move(gauges));
}

void FleetModel::SetGauges(std::vector<Gauge> gauges) {
  assert(!gauges.empty());
  const std::vector<Gauge> before = std::exchange(gauges_, std::move(gauges));
  auto read = std::exchange(readings_, {});
  readings_.resize(gauges_.size());
  for (std::size_t g = 0; g < gauges_.size(); ++g) {
    const auto same = std::ranges::find(before, gauges_[g]);
    if (same != before.end()) {
      readings_[g] = std::move(read[static_cast<std::size_t>(same - before.begin())]);
      continue;
    }
    const Book& book = BookOf(gauges_[g].smoothing);
    for (fleet::NodeIndex i = 0; i < book.samples.size(); ++i) {
      if (book.samples[i].reported) Read(g, i, book.samples[i].load);
    }
  }
  std::erase_if(books_, [this](const std::unique_ptr<Book>& book) {
    return book != books_.front() && std::ranges::none_of(gauges_, [&](const Gauge& gauge) {
             return gauge.smoothing == book->smoothing;
           });
  });
}

// A book that is new begins with the last reports.
FleetModel::Book& FleetModel::BookOf(float smoothing) {
  for (const auto& book : books_) {
    if (book->smoothing == smoothing) return *book;
  }
  Book& book = *books_.emplace_back(std::make_unique<Book>());
  book.smoothing = smoothing;
  book.samples = books_.front()->samples;
  for (fleet::NodeIndex i = 0; i < book.samples.size(); ++i) {
    const Sample& sample = book.samples[i];
    if (!sample.reported) continue;
    book.model.OnReport(i, sample.load, sample.sampled, Duration::zero(), sample.interval);
  }
  return book;
}

const FleetModel::Book& FleetModel::BookOf(float smoothing) const {
  for (const auto& book : books_) {
    if (book->smoothing == smoothing) return *book;
  }
  return *books_.front();
}

void FleetModel::OnReport(fleet::NodeIndex node, const fleet::Load& load, MonotonicTime sampled,
                          Duration age, Duration interval) {
  for (const auto& book : books_) {
    Sample& sample = At(book->samples, node);
    sample.load = sample.reported ? Smoothed(sample.load, load, book->smoothing) : load;
    sample.reported = true;
    sample.sampled = sampled;
    sample.interval = interval;
    book->model.OnReport(node, sample.load, sampled, age, interval);
  }
  for (std::size_t g = 0; g < gauges_.size(); ++g) {
    Read(g, node, BookOf(gauges_[g].smoothing).samples[node].load);
  }
}

void FleetModel::AddAnswers(fleet::NodeIndex node, double count, MonotonicTime now) {
  for (const auto& book : books_) book->model.AddAnswers(node, count, now);
}

void FleetModel::Read(std::size_t g, fleet::NodeIndex node, const fleet::Load& load) {
  const Gauge& gauge = gauges_[g];
  if (gauge.follows_answers()) return;
  Reading& reading = At(readings_[g], node);
  if (reading.value != kUnknown && ++reading.age < gauge.every) return;
  reading = {ReadingOf(gauge, load), 0};
}

std::vector<GaugeColumn> FleetModel::Columns(MonotonicTime now,
                                             std::span<const double> warm_up) const {
  std::vector<GaugeColumn> columns(gauges_.size());
  const auto nodes = static_cast<fleet::NodeIndex>(warm_up.size());
  std::vector<float> factors;
  for (std::size_t g = 1; g < gauges_.size(); ++g) {
    GaugeColumn& column = columns[g];
    column.values.reserve(nodes);
    if (gauges_[g].follows_answers()) {
      column.figures.reserve(nodes);
      for (fleet::NodeIndex i = 0; i < nodes; ++i) {
        const CostFigures& figures =
            column.figures.emplace_back(FiguresOf(gauges_[g], i, now, warm_up[i]));
        column.values.push_back(PriceOf(gauges_[g], figures, figures.sessions));
      }
      continue;
    }
    for (fleet::NodeIndex i = static_cast<fleet::NodeIndex>(factors.size()); i < nodes; ++i) {
      factors.push_back(Predict(i, now, warm_up[i]).factor);
    }
    for (fleet::NodeIndex i = 0; i < nodes; ++i) column.values.push_back(ValueOf(g, i, factors[i]));
  }
  return columns;
}

CostFigures FleetModel::FiguresOf(const Gauge& gauge, fleet::NodeIndex node, MonotonicTime now,
                                  double warm_up) const {
  const Book& book = BookOf(gauge.smoothing);
  CostFigures figures = book.model.Predict(node, now, warm_up);
  const bool sampled = node < book.samples.size() && book.samples[node].reported;
  if (gauge.kind == GaugeKind::kConnections && sampled) {
    figures.sessions = book.model.ConnectionsAt(node, book.samples[node].load, now);
  } else if (gauge.kind == GaugeKind::kExponentialCost && sampled) {
    figures.memory_price = static_cast<float>(
        MemoryPrice(book.samples[node].load, gauge.log_base, gauge.memory_per_connection));
  }
  return figures;
}

// Weights are left as they are: what a guard takes from them, the worker takes at the end.
float FleetModel::ValueOf(std::size_t g, fleet::NodeIndex node, float factor) const {
  const float value = node < readings_[g].size() ? readings_[g][node].value : kUnknown;
  if (value < 0 || !gauges_[g].is_price()) return value;
  return std::min(kMostValue, value * factor);
}

std::vector<std::shared_ptr<const DelayTable>> FleetModel::delay_tables() const {
  std::vector<std::shared_ptr<const DelayTable>> tables;
  for (const auto& book : books_) {
    auto own = book->model.delay_tables();
    tables.insert(tables.end(), own.begin(), own.end());
  }
  return tables;
}

}  // namespace dnsd::policy

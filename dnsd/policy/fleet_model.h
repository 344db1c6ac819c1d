// Everything the control loop knows of the nodes' loads, read off by the gauges that the sites'
// policies need.
//
//   reports ──> smoothed, once for each share in use ──> CostModel ──> prices that follow answers
//                                                  └──> readings of the last report
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/node_state.h"
#include "dnsd/policy/fleet_averages.h"
#include "dnsd/policy/gauge.h"
#include "dnsd/policy/least_cost.h"

namespace dnsd::policy {

// One gauge's numbers, by NodeIndex.
struct GaugeColumn {
  std::vector<float> values;         // ready to compare: prices with their guards, weights without
  std::vector<CostFigures> figures;  // of a gauge that follows answers; else empty
};

// Used by one thread. Never yields a NaN or an infinity, whatever is reported.
class FleetModel {
 public:
  // `gauges`: as AssignGauges gives them, the first that of `least_cost`.
  explicit FleetModel(std::vector<Gauge> gauges = {Gauge{}});
  ~FleetModel();

  // Reads other gauges from now on: those that are new begin with the last reports.
  void SetGauges(std::vector<Gauge> gauges);
  const std::vector<Gauge>& gauges() const { return gauges_; }

  // As CostModel's.
  void OnReport(fleet::NodeIndex node, const fleet::Load& load, MonotonicTime sampled, Duration age,
                Duration interval);
  void AddAnswers(fleet::NodeIndex node, double count, MonotonicTime now);

  // A node's figures under the first gauge. `warm_up` multiplies its price, as do the guards.
  CostFigures Predict(fleet::NodeIndex node, MonotonicTime now, double warm_up) const;
  // The columns of all gauges for nodes 0 to warm_up.size() - 1. The first gauge's is left empty:
  // Predict has it. Each factor of `warm_up` is 1 and upwards.
  std::vector<GaugeColumn> Columns(MonotonicTime now, std::span<const double> warm_up) const;

  // As CostModel's.
  double ErrorShare(fleet::NodeIndex node) const;
  const FleetAverages& averages() const;
  // What the figures of Predict and Columns point into.
  std::vector<std::shared_ptr<const DelayTable>> delay_tables() const;

 private:
  struct Book;
  // What a gauge that does not follow answers read last.
  struct Reading {
    float value = kUnknown;
    std::uint16_t age = 0;  // reports since
  };

  Book& BookOf(float smoothing);
  const Book& BookOf(float smoothing) const;
  void Read(std::size_t gauge, fleet::NodeIndex node, const fleet::Load& load);
  CostFigures FiguresOf(const Gauge& gauge, fleet::NodeIndex node, MonotonicTime now,
                        double warm_up) const;
  float ValueOf(std::size_t gauge, fleet::NodeIndex node, float factor) const;

  std::vector<Gauge> gauges_;
  std::vector<std::unique_ptr<Book>> books_;    // the first without smoothing
  std::vector<std::vector<Reading>> readings_;  // by gauge, by NodeIndex
};

}  // namespace dnsd::policy

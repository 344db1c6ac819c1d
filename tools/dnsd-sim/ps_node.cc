#include "tools/dnsd-sim/ps_node.h"

#include <algorithm>

namespace dnsd::sim {

void PsNode::SetBackground(double share, double now) {
  Advance(now);
  background_ = std::clamp(share, 0.0, kMostBackground);
}

void PsNode::SetSpeed(double speed, double now) {
  Advance(now);
  speed_ = speed;
}

void PsNode::Add(JobId job, double work, double now) {
  Advance(now);
  if (heap_.empty()) served_ = 0;  // keeps the sum small, and so exact
  heap_.push_back({served_ + work, added_++, job});
  std::push_heap(heap_.begin(), heap_.end(), IsLater);
}

double PsNode::NextDone() const {
  if (heap_.empty()) return kNever;
  return as_of_ + std::max(0.0, heap_.front().finish - served_) / Rate();
}

JobId PsNode::TakeDone(double now) {
  Advance(now);
  std::pop_heap(heap_.begin(), heap_.end(), IsLater);
  const Job job = heap_.back();
  heap_.pop_back();
  served_ = job.finish;  // where rounding would leave it a little before or beyond
  return job.id;
}

std::vector<JobId> PsNode::Clear(double now) {
  Advance(now);
  std::vector<JobId> jobs;
  jobs.reserve(heap_.size());
  for (const Job& job : heap_) jobs.push_back(job.id);
  heap_.clear();
  return jobs;
}

double PsNode::busy() const {
  return std::min(static_cast<double>(heap_.size()), free_cpus()) + cpus_ * background_;
}

double PsNode::runnable() const { return static_cast<double>(heap_.size()) + cpus_ * background_; }

double PsNode::BusySeconds(double now) {
  Advance(now);
  return busy_seconds_;
}

double PsNode::TimeAlone(double work) const { return work / (speed_ * std::min(1.0, free_cpus())); }

double PsNode::Rate() const {
  return speed_ * std::min(1.0, free_cpus() / static_cast<double>(heap_.size()));
}

void PsNode::Advance(double now) {
  const double dt = now - as_of_;
  if (dt <= 0) return;
  busy_seconds_ += busy() * dt;
  if (!heap_.empty()) served_ += Rate() * dt;
  as_of_ = now;
}

}  // namespace dnsd::sim

// A machine that serves all its jobs at once: processor sharing over some CPUs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace dnsd::sim {

using JobId = std::uint32_t;

// With n jobs, each gets min(1, free / n) of a CPU, where `free` is what the background leaves of
// the CPUs: the background comes first. All jobs are served at one rate, so one number, the work
// that a job present from the start would have got, tells when each is done:
//
//   job arrives: finish = served + work      next done: the least finish      (a heap)
//
// Times are seconds and never go back; work is seconds of a CPU of speed 1.
class PsNode {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  PsNode(double cpus, double speed) : cpus_(cpus), speed_(speed) {}

  // Share of the CPUs that is not for jobs, from now on: 0 to kMostBackground.
  static constexpr double kMostBackground = 0.98;
  void SetBackground(double share, double now);
  // Speed of each CPU from now on: above 0.
  void SetSpeed(double speed, double now);

  void Add(JobId job, double work, double now);
  // When the next job is done if nothing else happens; kNever without jobs.
  double NextDone() const;
  // Takes out the job that is done first; at NextDone().
  JobId TakeDone(double now);
  // Takes all jobs out, in no order that means anything.
  std::vector<JobId> Clear(double now);

  std::size_t jobs() const { return heap_.size(); }
  double cpus() const { return cpus_; }
  double speed() const { return speed_; }
  double background() const { return background_; }
  double free_cpus() const { return cpus_ * (1 - background_); }
  // CPUs busy at this moment, and tasks that run or want to, the background's included.
  double busy() const;
  double runnable() const;
  // Their integrals from 0 to `now`.
  double BusySeconds(double now);
  // How long a job of so much work would take if no other came or went, in seconds.
  double TimeAlone(double work) const;

 private:
  struct Job {
    double finish;
    std::uint64_t order;
    JobId id;
  };
  static bool IsLater(const Job& a, const Job& b) {
    return a.finish != b.finish ? a.finish > b.finish : a.order > b.order;
  }
  // Work a job gets a second.
  double Rate() const;
  void Advance(double now);

  const double cpus_;
  double speed_;
  double background_ = 0;
  double as_of_ = 0;
  double served_ = 0;
  double busy_seconds_ = 0;
  std::uint64_t added_ = 0;
  std::vector<Job> heap_;
};

}  // namespace dnsd::sim

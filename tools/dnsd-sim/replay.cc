#include "tools/dnsd-sim/replay.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <string_view>

namespace dnsd::sim {
namespace {

enum Column : std::uint8_t { kTime, kNode, kCpus, kCpu, kSps, kBackground, kColumns };
constexpr const char* kNames[kColumns] = {"time", "node", "cpus", "cpu", "sps", "background"};
constexpr bool kWanted[kColumns] = {true, true, false, true, true, false};

std::vector<std::string> Split(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const std::size_t comma = line.find(',');
    std::string_view field = line.substr(0, comma);
    while (!field.empty() && (field.front() == ' ' || field.front() == '"')) field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '"' || field.back() == '\r')) {
      field.remove_suffix(1);
    }
    fields.emplace_back(field);
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

class HistoryReader {
 public:
  explicit HistoryReader(const std::string& path) : path_(path) {}

  absl::StatusOr<History> Read() {
    std::ifstream in(path_);
    if (!in.is_open()) return absl::NotFoundError(path_ + ": cannot be read");
    for (std::string text; std::getline(in, text);) {
      ++line_;
      if (text.empty() || text == "\r" || text.front() == '#') continue;
      DNSD_RETURN_IF_ERROR(has_header_ ? ReadLine(Split(text)) : ReadHeader(Split(text)));
    }
    if (history_.nodes.empty()) return Fault("no reports", "a header and at least one line");
    return Done();
  }

 private:
  absl::Status Fault(const std::string& found, const std::string& wanted) const {
    return absl::InvalidArgumentError(path_ + ":" + std::to_string(line_) + ": found " + found +
                                      ", wanted " + wanted);
  }

  absl::Status ReadHeader(const std::vector<std::string>& fields) {
    where_.fill(kNone);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      for (std::size_t column = 0; column < kColumns; ++column) {
        if (fields[i] == kNames[column]) where_[column] = i;
      }
    }
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (kWanted[column] && where_[column] == kNone) {
        return Fault("a header without '" + std::string(kNames[column]) + "'",
                     "the columns time, node, cpu, sps; cpus and background at will");
      }
    }
    has_header_ = true;
    return absl::OkStatus();
  }

  // A number of the line; `otherwise` where the column or the field is not there.
  absl::Status Number(const std::vector<std::string>& fields, Column column, double least,
                      double most, std::optional<double>& out) const {
    if (where_[column] == kNone) return absl::OkStatus();
    const std::string text = where_[column] < fields.size() ? fields[where_[column]] : "";
    if (text.empty() && !kWanted[column]) return absl::OkStatus();
    double value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    // Written so that a NaN fails it.
    if (error != std::errc() || at != end || !(value >= least && value <= most)) {
      std::array<char, 64> range;
      std::snprintf(range.data(), range.size(), "a number from %g to %g", least, most);
      return Fault(std::string(kNames[column]) + " '" + text + "'", range.data());
    }
    out = value;
    return absl::OkStatus();
  }

  absl::Status ReadLine(const std::vector<std::string>& fields) {
    std::optional<double> time, cpus, cpu, sps, background;
    DNSD_RETURN_IF_ERROR(Number(fields, kTime, -1e12, 1e12, time));
    DNSD_RETURN_IF_ERROR(Number(fields, kCpus, 0.01, 4096, cpus));
    DNSD_RETURN_IF_ERROR(Number(fields, kCpu, 0, 1, cpu));
    DNSD_RETURN_IF_ERROR(Number(fields, kSps, 0, 1e7, sps));
    DNSD_RETURN_IF_ERROR(Number(fields, kBackground, 0, 1, background));
    const std::string name = where_[kNode] < fields.size() ? fields[where_[kNode]] : "";
    if (name.empty()) return Fault("no node", "its name");
    HistoryNode& node = NodeOf(name);
    if (!node.reports.empty() && *time < node.reports.back().at) {
      return Fault("time " + fields[where_[kTime]], "one not before the node's line above");
    }
    if (cpus) node.cpus = *cpus;
    node.reports.push_back({*time, *cpu, *sps, background});
    return absl::OkStatus();
  }

  HistoryNode& NodeOf(const std::string& name) {
    const auto [at, is_new] = places_.try_emplace(name, history_.nodes.size());
    if (is_new) history_.nodes.push_back({name, 1, {}});
    return history_.nodes[at->second];
  }

  History Done() {
    double first = std::numeric_limits<double>::infinity();
    double last = -first;
    for (const HistoryNode& node : history_.nodes) {
      first = std::min(first, node.reports.front().at);
      last = std::max(last, node.reports.back().at);
    }
    for (HistoryNode& node : history_.nodes) {
      for (HistoryReport& report : node.reports) report.at -= first;
    }
    history_.seconds = last - first;
    return std::move(history_);
  }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  const std::string path_;
  int line_ = 0;
  bool has_header_ = false;
  std::array<std::size_t, kColumns> where_{};
  std::map<std::string, std::size_t> places_;
  History history_;
};

double ShareOf(const HistoryNode& node, const HistoryReport& report, double cost) {
  const double rest = report.cpu - cost * report.sessions / node.cpus;
  return std::clamp(report.background.value_or(rest), 0.0, Background::kMost);
}

NodeSpec SpecOf(const HistoryNode& node, double mean_cost) {
  const double cost = CostOfSession(node);
  NodeSpec spec{.cpus = node.cpus, .speed = mean_cost / cost};
  spec.background.kind = BackgroundKind::kHistory;
  for (const HistoryReport& report : node.reports) {
    const double share = ShareOf(node, report, cost);
    spec.background.mean += share / static_cast<double>(node.reports.size());
    spec.background.history.push_back({report.at, share});
  }
  return spec;
}

// The sum of what all nodes had at each time, from their last reports.
std::vector<Step> DemandOf(const History& history) {
  struct Change {
    double at;
    std::size_t node;
    double sessions;
  };
  std::vector<Change> changes;
  for (std::size_t i = 0; i < history.nodes.size(); ++i) {
    for (const HistoryReport& report : history.nodes[i].reports) {
      changes.push_back({report.at, i, report.sessions});
    }
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.at < b.at; });
  std::vector<double> now(history.nodes.size());
  std::vector<Step> steps;
  for (const Change& change : changes) {
    now[change.node] = change.sessions;
    if (steps.empty() || steps.back().at < change.at) steps.push_back({change.at, 0});
    double sum = 0;
    for (const double sessions : now) sum += sessions;
    steps.back().value = sum;
  }
  return steps;
}

}  // namespace

absl::StatusOr<History> LoadHistory(const std::string& path) { return HistoryReader(path).Read(); }

// Least squares; through the origin where the line would cross the axis below it, as no background
// is less than none, and where the sessions hardly varied.
double CostOfSession(const HistoryNode& node) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const HistoryReport& report : node.reports) {
    const double busy = node.cpus * std::max(0.0, report.cpu - report.background.value_or(0));
    ++n;
    x += report.sessions;
    y += busy;
    xx += report.sessions * report.sessions;
    xy += report.sessions * busy;
  }
  constexpr double kLeast = 1e-6;  // CPU seconds
  if (xx <= 0) return 1;           // it had no session: any will do
  const double through_origin = std::max(xy / xx, kLeast);
  const bool known = node.reports.front().background.has_value();
  const double variance = xx / n - x / n * (x / n);
  if (known || variance <= 0.01 * xx / n) return through_origin;
  const double slope = (xy / n - x / n * (y / n)) / variance;
  return slope > 0 && slope < through_origin ? std::max(slope, kLeast) : through_origin;
}

absl::Status Replay(const History& history, double scale, bool has_duration, Scenario& scenario) {
  double sessions = 0, cost = 0;
  for (const HistoryNode& node : history.nodes) {
    double own = 0;
    for (const HistoryReport& report : node.reports) own += report.sessions;
    sessions += own;
    cost += own * CostOfSession(node);
  }
  if (sessions <= 0) return absl::InvalidArgumentError("the history has no sessions");
  if (history.seconds <= scenario.warm_up) {
    return absl::InvalidArgumentError(
        "the history is shorter than 'warm_up', whose seconds are not measured");
  }
  const double mean_cost = cost / sessions;
  for (const HistoryNode& node : history.nodes) scenario.nodes.push_back(SpecOf(node, mean_cost));
  scenario.sessions.work.mean = mean_cost / scenario.sessions.requests;
  scenario.demand = DemandOf(history);
  scenario.rate = scale;
  if (!has_duration) scenario.duration = history.seconds - scenario.warm_up;
  double rate = 0;  // mean over the steps, for the table
  for (const Step& step : scenario.demand) rate += step.value;
  rate *= scale / static_cast<double>(scenario.demand.size());
  scenario.utilisations = {rate * mean_cost / scenario.capacity()};
  return absl::OkStatus();
}

}  // namespace dnsd::sim

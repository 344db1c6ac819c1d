#include "tools/dnsd-sim/table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace dnsd::sim {
namespace {

template <typename... Args>
std::string Format(const char* format, Args... args) {
  const int size = std::snprintf(nullptr, 0, format, args...);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, args...);
  text.pop_back();
  return text;
}

// Three figures, and no more than tell something.
std::string Number(double value) {
  return Format(value < 9.995 ? "%.2f" : value < 99.95 ? "%.1f" : "%.0f", value);
}

std::string WithSpread(const Spread& spread) {
  return Number(spread.mean) + " (" + Number(spread.least) + "-" + Number(spread.most) + ")";
}

int NameWidth(const std::vector<PolicySpec>& policies) {
  std::size_t width = 6;
  for (const PolicySpec& policy : policies) width = std::max(width, policy.name.size());
  return static_cast<int>(width);
}

constexpr const char* kRow = "%-*s  %18s  %18s  %9s  %9s  %8s  %7s  %8s  %8s  %s\n";

std::string Line(int width, const std::string& name, const Summary& s) {
  return Format(kRow, width, name.c_str(), WithSpread(s.mean).c_str(), WithSpread(s.p99).c_str(),
                Number(1000 * s.mean_seconds).c_str(), Number(1000 * s.p99_seconds).c_str(),
                Number(s.imbalance).c_str(), Number(s.lost_seconds).c_str(),
                Number(s.broken_seconds).c_str(), Number(s.served).c_str(),
                s.unfinished > 0.01 ? "overloaded" : "");
}

std::string Header(int width, const char* first) {
  return Format(kRow, width, first, "mean / limit", "p99 / limit", "mean ms", "p99 ms", "max/mean",
                "lost s", "broken s", "served/s", "");
}

std::string CellName(const Cell& cell) {
  return Format("utilisation %.3g, %zu dnsd, reports every %.3g s", cell.utilisation, cell.dnsd,
                cell.interval);
}

// The fields of one run, each with a comma before it.
std::string CsvRun(const Cell& cell, std::uint64_t seed, const Result& run, const Result& limit) {
  std::string line;
  const auto real = [&line](double value) { line += Format(",%.6g", value); };
  const auto whole = [&line](std::uint64_t value) { line += "," + std::to_string(value); };
  real(cell.utilisation);
  whole(cell.dnsd);
  real(cell.interval);
  whole(seed);
  for (const double value :
       {run.mean, run.p99, run.mean / limit.mean, run.p99 / limit.p99, run.slowdown99}) {
    real(value);
  }
  for (const auto value : {run.requests, run.sessions, run.queries, run.lost, run.broken}) {
    whole(value);
  }
  for (const double value :
       {run.lost_seconds, run.broken_seconds, run.served, run.imbalance, run.unfinished}) {
    real(value);
  }
  return line + "\n";
}

}  // namespace

std::string Table(const std::string& title, const std::vector<const Outcome*>& outcomes) {
  const auto& policies = outcomes.front()->policies;
  std::size_t cells = 0;
  for (const Outcome* outcome : outcomes) cells += outcome->cells.size();
  const int width = NameWidth(policies);
  std::string text = Format("%s: %zu cells, %zu repetitions\n", title.c_str(), cells,
                            outcomes.front()->results.front().front().size()) +
                     Header(width, "policy");
  for (std::size_t i = 0; i < policies.size(); ++i) {
    text += Line(width, policies[i].name, Summarise(outcomes, i));
  }
  return text;
}

std::string CellTable(const Outcome& outcome) {
  const int width = NameWidth(outcome.policies);
  std::string text;
  for (std::size_t cell = 0; cell < outcome.cells.size(); ++cell) {
    text += CellName(outcome.cells[cell]) + "\n" + Header(width, "policy");
    Outcome one{outcome.policies, {outcome.cells[cell]}, {}};
    for (const auto& cells : outcome.results) one.results.push_back({cells[cell]});
    for (std::size_t i = 0; i < one.policies.size(); ++i) {
      text += Line(width, one.policies[i].name, Summarise({&one}, i));
    }
  }
  return text;
}

std::string FoundTable(const Scenario& scenario, const Found& found) {
  const FindSpec find = scenario.find.value_or(FindSpec{});
  const int width = NameWidth(found.policies);
  std::string text = scenario.name + ": highest utilisation with";
  if (std::isfinite(find.slowdown99)) text += Format(" p99 slowdown <= %.3g", find.slowdown99);
  if (std::isfinite(find.unfinished)) text += Format(" unfinished <= %.3g", find.unfinished);
  text += "\n";
  for (std::size_t cell = 0; cell < found.cells.size(); ++cell) {
    text += Format("%zu dnsd, reports every %.3g s\n%-*s  %20s  %10s  %s\n", found.cells[cell].dnsd,
                   found.cells[cell].interval, width, "policy", "utilisation", "sessions/s",
                   "of the limit's");
    const double limit = SpreadOf(found.utilisations[0][cell]).mean;
    for (std::size_t i = 0; i < found.policies.size(); ++i) {
      const Spread spread = SpreadOf(found.utilisations[i][cell]);
      text += Format("%-*s  %20s  %10s  %.3f\n", width, found.policies[i].name.c_str(),
                     WithSpread(spread).c_str(),
                     Number(scenario.RateOf({.utilisation = spread.mean})).c_str(),
                     limit > 0 ? spread.mean / limit : 0);
    }
  }
  return text;
}

std::string Csv(const std::vector<Scenario>& scenarios, const std::vector<Outcome>& outcomes) {
  std::string text =
      "scenario,policy,utilisation,dnsd,interval_s,seed,mean_s,p99_s,mean_of_limit,p99_of_limit,"
      "slowdown99,requests,sessions,queries,lost_sessions,broken_sessions,lost_s,broken_s,"
      "served_per_s,max_over_mean,unfinished\n";
  for (std::size_t s = 0; s < outcomes.size(); ++s) {
    const Outcome& outcome = outcomes[s];
    for (std::size_t p = 0; p < outcome.policies.size(); ++p) {
      for (std::size_t c = 0; c < outcome.cells.size(); ++c) {
        for (std::size_t i = 0; i < outcome.results[p][c].size(); ++i) {
          text += '"' + scenarios[s].name + "\"," + outcome.policies[p].name +
                  CsvRun(outcome.cells[c], scenarios[s].seed + i, outcome.results[p][c][i],
                         outcome.results[0][c][i]);
        }
      }
    }
  }
  return text;
}

absl::Status Draw(const std::string& file, const Scenario& scenario, const Outcome& outcome) {
  if (std::system("command -v gnuplot >/dev/null") != 0) {
    return absl::FailedPreconditionError(file + ": needs gnuplot (Debian: gnuplot-nox)");
  }
  const bool png = file.size() > 4 && file.substr(file.size() - 4) == ".png";
  std::string script = Format(
      "set terminal %s size 800,500\nset output '%s'\nset title '%s' noenhanced\n"
      "set xlabel 'utilisation'\nset ylabel 'mean response, of the limit'\nset logscale y\n"
      "set grid\nset key outside right noenhanced\n",
      png ? "pngcairo" : "svg", file.c_str(), scenario.name.c_str());
  std::string plots, data;
  for (std::size_t p = 0; p < outcome.policies.size(); ++p) {
    std::map<double, std::pair<double, int>> points;  // logarithms by utilisation
    for (std::size_t c = 0; c < outcome.cells.size(); ++c) {
      for (std::size_t i = 0; i < outcome.results[p][c].size(); ++i) {
        auto& [sum, count] = points[outcome.cells[c].utilisation];
        sum += std::log(outcome.results[p][c][i].mean / outcome.results[0][c][i].mean);
        ++count;
      }
    }
    plots += Format("%s'-' with linespoints title '%s'", plots.empty() ? "plot " : ", ",
                    outcome.policies[p].name.c_str());
    for (const auto& [utilisation, point] : points) {
      data += Format("%.6g %.6g\n", utilisation, std::exp(point.first / point.second));
    }
    data += "e\n";
  }
  std::FILE* gnuplot = popen("gnuplot", "w");
  if (gnuplot == nullptr) return absl::InternalError(file + ": gnuplot does not start");
  std::fputs((script + plots + "\n" + data).c_str(), gnuplot);
  return pclose(gnuplot) == 0 ? absl::OkStatus() : absl::InternalError(file + ": gnuplot failed");
}

}  // namespace dnsd::sim

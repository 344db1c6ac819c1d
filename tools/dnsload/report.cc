#include "tools/dnsload/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace dnsload {
namespace {

constexpr double kNsPerUs = 1000;
constexpr struct {
  const char* name;
  double share;
} kPercentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

double Microseconds(std::uint64_t ns) { return static_cast<double>(ns) / kNsPerUs; }

double Rate(const LoadResult& r) {
  return r.seconds > 0 ? static_cast<double>(r.counts.answered) / r.seconds : 0;
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char line[256];
  const int size = std::snprintf(line, sizeof(line), format, values...);
  return {line, static_cast<std::size_t>(size)};
}

using Ull = unsigned long long;

// What a query and its answer cost the generator, waiting left out.
double BusyNs(const LoadResult& r) {
  return r.counts.answered == 0
             ? 0
             : r.busy_share() * r.seconds * 1e9 / static_cast<double>(r.counts.answered);
}

}  // namespace

std::string ProgressLine(const LoadResult& so_far) {
  const Counts& c = so_far.counts;
  return Format("%3.0f s  %.0f q/s  sent %llu  lost %llu  invalid %llu  p99 %.0f us",
                so_far.seconds, Rate(so_far), static_cast<Ull>(c.sent), static_cast<Ull>(c.lost),
                static_cast<Ull>(c.invalid()), Microseconds(so_far.latency.Percentile(0.99)));
}

std::string ReportText(const LoadResult& result) {
  const Counts& c = result.counts;
  std::string text =
      Format("answered    %llu of %llu in %.3f s: %.0f q/s\n", static_cast<Ull>(c.answered),
             static_cast<Ull>(c.sent), result.seconds, Rate(result));
  text += Format("lost        %llu\n", static_cast<Ull>(c.lost));
  text += Format("invalid     %llu: question %llu, RCODE %llu, answers %llu\n",
                 static_cast<Ull>(c.invalid()), static_cast<Ull>(c.wrong_question),
                 static_cast<Ull>(c.wrong_rcode), static_cast<Ull>(c.wrong_answers));
  text +=
      Format("unexpected  %llu; truncated %llu; send errors %llu\n", static_cast<Ull>(c.unexpected),
             static_cast<Ull>(c.truncated), static_cast<Ull>(c.send_errors));
  text += "RCODEs     ";
  for (unsigned i = 0; i < 16; ++i) {
    if (c.rcodes[i] > 0) text += Format(" %u: %llu", i, static_cast<Ull>(c.rcodes[i]));
  }
  text += Format("\nlatency     mean %.1f us", result.latency.mean() / kNsPerUs);
  for (const auto& p : kPercentiles) {
    text += Format("  %s %.1f", p.name, Microseconds(result.latency.Percentile(p.share)));
  }
  text += Format("  max %.1f\n", Microseconds(result.latency.max()));
  // Near 100 % the generator was the limit, not the server.
  return text + Format("generator   busy %.0f %% of the time, %.0f ns a query\n",
                       result.busy_share() * 100, BusyNs(result));
}

std::string ReportJson(const LoadResult& result) {
  const Counts& c = result.counts;
  nlohmann::json latency = {{"mean", result.latency.mean() / kNsPerUs},
                            {"max", Microseconds(result.latency.max())}};
  for (const auto& p : kPercentiles) {
    latency[p.name] = Microseconds(result.latency.Percentile(p.share));
  }
  nlohmann::json rcodes = nlohmann::json::object();
  for (unsigned i = 0; i < 16; ++i) {
    if (c.rcodes[i] > 0) rcodes[std::to_string(i)] = c.rcodes[i];
  }
  const nlohmann::json report = {{"seconds", result.seconds},
                                 {"sent", c.sent},
                                 {"answered", c.answered},
                                 {"queries_per_second", Rate(result)},
                                 {"lost", c.lost},
                                 {"invalid", c.invalid()},
                                 {"wrong_question", c.wrong_question},
                                 {"wrong_rcode", c.wrong_rcode},
                                 {"wrong_answers", c.wrong_answers},
                                 {"unexpected", c.unexpected},
                                 {"truncated", c.truncated},
                                 {"send_errors", c.send_errors},
                                 {"rcodes", rcodes},
                                 {"generator",
                                  {{"busy_share", result.busy_share()},
                                   {"busy_ns_per_query", BusyNs(result)},
                                   {"cpu_seconds", static_cast<double>(result.cpu_ns) / 1e9}}},
                                 {"latency_us", latency}};
  return report.dump();
}

}  // namespace dnsload

// dnsload: loads a DNS server over UDP, at a rate or to saturation, and says how it answered.
#include <sched.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tools/dnsload/generator.h"
#include "tools/dnsload/query_list.h"
#include "tools/dnsload/report.h"

namespace {

struct Arguments {
  std::string server;
  std::string rate = "saturate";
  std::string file;
  std::string pattern;
  double duration = 5;  // seconds, these three
  double warm_up = 0;
  double timeout = 1;
  int cpu = -1;
  bool json = false;
  bool quiet = false;
  dnsload::QueryOptions queries;
  dnsload::LoadOptions load;
};

void Declare(CLI::App& app, Arguments& a) {
  app.add_option("--server", a.server, "where to: ADDR:PORT or [ADDR]:PORT")->required();
  auto* names = app.add_option_group("names");
  names->add_option("--names", a.file, "file of lines NAME [TYPE]");
  names->add_option("--name", a.pattern, "a name, with a range at will: www{0-999}.example");
  names->require_option(1);
  app.add_option("--type", a.queries.type, "type of names without one")->capture_default_str();
  app.add_flag("--edns", a.queries.edns, "with an OPT record");
  app.add_option("--edns-size", a.queries.edns_size, "octets it offers")
      ->check(CLI::Range(512, 65535))
      ->capture_default_str();
  app.add_option("--subnets", a.queries.subnets,
                 "EDNS Client Subnet: queries of so many client networks")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", a.rate, "queries a second, or saturate")->capture_default_str();
  app.add_option("--outstanding", a.load.outstanding, "most queries without an answer")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--sockets", a.load.sockets, "source ports")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--duration", a.duration, "how long")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"ms", 0.001}}))
      ->capture_default_str();
  app.add_option("--warm-up", a.warm_up, "before it, not counted")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"ms", 0.001}}));
  app.add_option("--timeout", a.timeout, "a query older than that is lost")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"ms", 0.001}}))
      ->capture_default_str();
  app.add_flag("--in-order", a.load.in_order, "names from first to last instead of at random");
  app.add_flag("--validate", a.load.validate, "check question, RCODE and number of answers too");
  app.add_option("--expect-rcode", a.load.expect_rcode, "for --validate")->check(CLI::Range(0, 15));
  app.add_option("--expect-answers", a.load.expect_answers,
                 "for --validate: exactly so many records; at least one if not given")
      ->check(CLI::Range(0, 65535));
  app.add_option("--cpu", a.cpu, "run on this CPU alone")->check(CLI::Range(0, 1023));
  app.add_flag(
      "--sleep", a.load.sleep,
      "sleep when there is nothing to do: leaves CPU to others, measures latency less well");
  app.add_flag("--json", a.json, "the report as JSON");
  app.add_flag("--quiet", a.quiet, "no progress on stderr");
}

constexpr const char* kFooter =
    "Under --rate a query's latency counts from when it was due, so that a pause of the server "
    "shows\n"
    "in every query that it delayed. \"generator busy\" near 100 % means that dnsload was the "
    "limit.\n"
    "\n"
    "Examples:\n"
    "  dnsload --server 192.0.2.53:53 --name 'www{0-999}.lb.example' --validate\n"
    "  dnsload --server 192.0.2.53:53 --names names.txt --rate 30000 --duration 60s --edns\n"
    "\n"
    "The report is on stdout, progress on stderr.\n"
    "Exit status: 0 all answered as expected, 1 some lost or invalid, 2 usage.";

constexpr int kUsage = 2;

int Fail(const std::string& what) {
  std::fprintf(stderr, "dnsload: %s\n", what.c_str());
  return kUsage;
}

std::uint64_t Nanoseconds(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

bool PinTo(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  return sched_setaffinity(0, sizeof(set), &set) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Loads a DNS server over UDP, at a rate or to saturation, and says how it answered.\n"
      "Takes a whole core while it runs, unless --sleep is given.");
  app.footer(kFooter);
  app.set_version_flag("--version", DNSD_VERSION);
  Arguments a;
  Declare(app, a);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const auto server = dnsd::Endpoint::Parse(a.server);
  if (!server) return Fail("--server \"" + a.server + "\": wanted ADDR:PORT");
  a.load.server = *server;
  if (a.rate != "saturate") {
    char* end = nullptr;
    a.load.rate = std::strtod(a.rate.c_str(), &end);
    if (*end != '\0' || !(a.load.rate > 0)) {
      return Fail("--rate \"" + a.rate + "\": wanted queries a second, or saturate");
    }
  }
  a.load.duration_ns = Nanoseconds(a.duration);
  a.load.warm_up_ns = Nanoseconds(a.warm_up);
  a.load.timeout_ns = Nanoseconds(a.timeout);
  dnsload::QueryList queries(a.queries);
  absl::Status listed;
  do {
    listed = a.file.empty() ? queries.AddPattern(a.pattern) : queries.AddFile(a.file);
  } while (listed.ok() && queries.size() < a.queries.subnets);
  if (!listed.ok()) return Fail(std::string(listed.message()));
  if (a.cpu >= 0 && !PinTo(a.cpu)) return Fail("--cpu: there is no CPU " + std::to_string(a.cpu));

  dnsload::Generator generator(a.load, queries);
  const absl::Status opened = generator.Open();
  if (!opened.ok()) return Fail(std::string(opened.message()));
  const dnsload::LoadResult result = generator.Run([&a](const dnsload::LoadResult& so_far) {
    if (!a.quiet) std::fprintf(stderr, "%s\n", dnsload::ProgressLine(so_far).c_str());
  });
  std::fputs((a.json ? dnsload::ReportJson(result) + "\n" : dnsload::ReportText(result)).c_str(),
             stdout);
  return result.counts.lost + result.counts.invalid() + result.counts.send_errors > 0 ||
                 result.counts.answered == 0
             ? 1
             : 0;
}

#include "dnsd/policy/placement_words.h"

#include <cstdio>

namespace dnsd::policy {
namespace {

std::string Text(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

std::string CpusText(double cpus) { return Text("%.3g CPUs", cpus); }

std::string OctetsText(std::uint64_t octets) {
  const auto value = static_cast<double>(octets);
  if (value >= 1e9) return Text("%.3g GB", value / 1e9);
  if (value >= 1e6) return Text("%.3g MB", value / 1e6);
  return Text("%.3g kB", value / 1e3);
}

std::string ShareText(double share) { return Text("%.0f %%", 100 * share); }

}  // namespace dnsd::policy

// What the configuration says of placement.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/policy/placement.h"

namespace dnsd::placement {

enum class Mode : std::uint8_t {
  kOff,   // what nodes host is their own affair
  kPlan,  // decisions are shown, and carried out at an operator's word
  kAuto,  // decisions are carried out
};
const char* NameOf(Mode mode);

// Which replicas of a site answer.
enum class Consistency : std::uint8_t {
  kAny,
  kCurrent,  // those of the home's version, unless none of them can
  kBounded,  // and those that have been behind it for no longer than `stale_for`
};

struct SiteSettings {
  std::uint32_t least = 2;  // replicas
  std::uint32_t most = 0;   // 0: no bound
  Consistency consistency = Consistency::kAny;
  Duration stale_for = std::chrono::minutes(5);  // of kBounded

  friend bool operator==(const SiteSettings&, const SiteSettings&) = default;
};

// The settings of the sites whose name, in lower case and without the final dot, matches the
// pattern; the first rule that matches counts.
struct SiteRule {
  std::string pattern;
  SiteSettings settings;

  friend bool operator==(const SiteRule&, const SiteRule&) = default;
};

struct Settings {
  Mode mode = Mode::kOff;
  policy::PlacementRules rules;
  Duration grace = std::chrono::seconds(30);         // out of the answers, before a withdrawal
  Duration repair_after = std::chrono::seconds(60);  // that a node has been dead
  Duration task_limit = std::chrono::hours(1);       // of a task, its retries and all
  std::uint32_t actions_per_minute = 60;             // in all
  bool spread = true;                                // replicas over regions
  bool updates = true;       // replicas behind the home's version are brought up to date
  Duration verify_every{0};  // replicas are looked over so often; 0: never
  SiteSettings site;         // where no rule matches
  std::vector<SiteRule> sites;

  // `name` with its final dot.
  const SiteSettings& Of(const std::string& name) const;
  // Whether some site has a rule on which replicas answer.
  bool any_consistency() const;
};

}  // namespace dnsd::placement

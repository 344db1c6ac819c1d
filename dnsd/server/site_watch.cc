#include "dnsd/server/site_watch.h"

#include <algorithm>
#include <set>

#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

constexpr std::size_t kMostUnwell = 100;  // further ones are told of when they are looked at again

}  // namespace

// The worse of its two kinds of addresses.
SiteWatch::How SiteWatch::HowOf(answer::Explainer& explainer, const std::string& site) {
  const auto name = wire::Name::Parse(site);
  How worst = How::kNoSite;
  if (!name) return worst;
  for (const auto& [type, client] :
       {std::pair{wire::RrType::kA, "127.0.0.1"}, {wire::RrType::kAaaa, "::1"}}) {
    const answer::Explanation how = explainer.Explain(*name, type, *IpAddress::Parse(client));
    if (how.members.empty()) continue;
    worst = std::max(worst, How::kWell);
    if (how.rule == answer::Explanation::Rule::kAllDown) worst = How::kAllDown;
    if (how.panic) worst = std::max(worst, How::kPanic);
  }
  return worst;
}

void SiteWatch::Tell(const std::string& site, How before, How now) {
  static constexpr const char* kNames[] = {"", "well", "panic", "all_down"};
  static constexpr const char* kWords[] = {"", "its members answer again",
                                           "so few are left that suspects count as usable",
                                           "no member may answer; the site's `all_down` decides"};
  const auto at = [](How how) { return static_cast<std::size_t>(how); };
  events_.Add({.kind = Event::Kind::kState,
               .gravity = now > before ? Event::Gravity::kWarning : Event::Gravity::kInfo,
               .site = site,
               .text = std::string(kNames[at(before)]) + " -> " + kNames[at(now)] + ": " +
                       kWords[at(now)]});
}

void SiteWatch::Look(const std::vector<std::string>& sites, const answer::Served& served,
                     const answer::FleetView& fleet) {
  std::set<std::string> all(sites.begin(), sites.end());
  for (const auto& [site, how] : unwell_) all.insert(site);
  answer::Explainer explainer(served, fleet);
  for (const std::string& site : all) {
    const auto known = unwell_.find(site);
    const How before = known == unwell_.end() ? How::kWell : known->second;
    const How now = HowOf(explainer, site);
    if (now == How::kNoSite) {
      unwell_.erase(site);
      continue;
    }
    if (now == before) continue;
    if (now == How::kWell) {
      unwell_.erase(site);
    } else if (before != How::kWell || unwell_.size() < kMostUnwell) {
      unwell_[site] = now;
    } else {
      continue;
    }
    Tell(site, before, now);
  }
}

}  // namespace dnsd::server

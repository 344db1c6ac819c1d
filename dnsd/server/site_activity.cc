#include "dnsd/server/site_activity.h"

#include <algorithm>
#include <span>

#include "dnsd/wire/name.h"

namespace dnsd::server {
namespace {

// A site that is shown leaves for one that is this much busier: two that are about as busy do not
// change places all the time.
constexpr double kShownCounts = 1.5;
constexpr double kForgotten = 1e-3;  // answers a second

std::string NameOf(const std::string& wire) {
  return wire::NameToString({reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()});
}

void GrowBy(SiteActivity::Count& count, std::uint64_t answers, double seconds, double weight) {
  count.answers += answers;
  if (seconds > 0) {
    count.rate += weight * (static_cast<double>(answers) / seconds - count.rate);
  }
}

}  // namespace

void SiteActivity::Update(const std::vector<const answer::WorkerStats*>& workers, double seconds,
                          double weight) {
  std::uint64_t all = 0;
  for (const answer::WorkerStats* worker : workers) all += worker->site_answers.value();
  const Periods periods = ReadAll(workers);
  Warm(periods, seconds, weight);
  ChooseShown();
  std::int64_t rest = static_cast<std::int64_t>(all - site_answers_) - owed_;
  site_answers_ = all;
  static const Period kNothing;
  for (const auto& [wire, name] : names_) {
    const auto at = periods.find(wire);
    const Period& period = at == periods.end() ? kNothing : at->second;
    Grow(shown_[name], period, seconds, weight);
    rest -= static_cast<std::int64_t>(period.answers);
  }
  owed_ = std::max<std::int64_t>(-rest, 0);
  other_ += static_cast<std::uint64_t>(std::max<std::int64_t>(rest, 0));
}

// Addresses come and go with the zone: those that there is no room for are told together.
void SiteActivity::Grow(Site& site, const Period& period, double seconds, double weight) {
  GrowBy(site.all, period.answers, seconds, weight);
  std::uint64_t other = period.other_members;
  for (const auto& [address, answers] : period.members) {
    if (site.members.contains(address)) continue;
    if (site.members.size() < kMostMembers) {
      site.members.try_emplace(address);
    } else {
      other += answers;
    }
  }
  for (auto& [address, count] : site.members) {
    const auto given = period.members.find(address);
    GrowBy(count, given == period.members.end() ? 0 : given->second, seconds, weight);
  }
  GrowBy(site.other_members, other, seconds, weight);
}

// What each row has counted since it was last read.
SiteActivity::Periods SiteActivity::ReadAll(
    const std::vector<const answer::WorkerStats*>& workers) {
  Periods periods;
  if (most_ == 0) return periods;
  seen_.resize(workers.size(), std::vector<Seen>(answer::SiteTally::kRows));
  answer::SiteRow row;
  for (std::size_t w = 0; w < workers.size(); ++w) {
    for (std::size_t i = 0; i < answer::SiteTally::kRows; ++i) {
      if (!workers[w]->sites.Read(i, row)) continue;
      Seen& seen = seen_[w][i];
      if (seen.version != row.version) seen = Seen();
      seen.version = row.version;
      if (row.answers == seen.answers) continue;
      Period& period = periods[row.name];
      period.answers += row.answers - seen.answers;
      seen.answers = row.answers;
      // One may be there twice: its place in the pool has changed.
      std::map<IpAddress, std::uint64_t> members;
      for (const auto& member : row.members) members[member.address] += member.answers;
      for (const auto& [address, answers] : members) {
        std::uint64_t& before = seen.members[address];
        period.members[address] += answers - std::min(before, answers);
        before = answers;
      }
      period.other_members += row.other_members - seen.other_members;
      seen.other_members = row.other_members;
    }
  }
  return periods;
}

void SiteActivity::Warm(const Periods& periods, double seconds, double weight) {
  if (!(seconds > 0)) return;
  for (auto& [name, rate] : rates_) rate *= 1 - weight;
  for (const auto& [name, period] : periods) {
    rates_[name] += weight * static_cast<double>(period.answers) / seconds;
  }
  std::erase_if(rates_, [this](const auto& rate) {
    return rate.second < kForgotten && !names_.contains(rate.first);
  });
}

// The busiest, those that are shown already at an advantage. Where there is room all stay.
void SiteActivity::ChooseShown() {
  std::vector<std::pair<double, const std::string*>> by_rate;
  by_rate.reserve(rates_.size());
  for (const auto& [name, rate] : rates_) {
    by_rate.emplace_back(names_.contains(name) ? rate * kShownCounts : rate, &name);
  }
  const std::size_t kept = std::min(most_, by_rate.size());
  std::partial_sort(by_rate.begin(), by_rate.begin() + static_cast<std::ptrdiff_t>(kept),
                    by_rate.end(), [](const auto& a, const auto& b) {
                      return a.first != b.first ? a.first > b.first : *a.second < *b.second;
                    });
  std::map<std::string, std::string> names;
  std::map<std::string, Site> shown;
  for (std::size_t i = 0; i < kept; ++i) {
    const std::string& wire = *by_rate[i].second;
    const auto known = names_.find(wire);
    const std::string name = known != names_.end() ? known->second : NameOf(wire);
    names[wire] = name;
    const auto before = shown_.find(name);
    shown[name] = before != shown_.end() ? std::move(before->second) : Site{};
  }
  names_ = std::move(names);
  shown_ = std::move(shown);
}

}  // namespace dnsd::server

#include "reporter/deciders.h"

#include <algorithm>
#include <utility>

#include "reporter/hosting.h"

namespace dnsd::reporter {
namespace {

constexpr int kMostSites = 1024;  // that one list may name
constexpr Duration kMostGrace = std::chrono::hours(1);

}  // namespace

void Deciders::SetOrder(std::vector<std::string> dnsd) {
  order_ = std::move(dnsd);
  std::erase_if(words_, [this](const auto& entry) {
    return std::find(order_.begin(), order_.end(), entry.first) == order_.end();
  });
}

void Deciders::Heard(const std::string& dnsd, const heartbeat::v1::Tasks& tasks) {
  Word& word = words_[dnsd];
  word.decides = tasks.decides();
  word.grace = std::min<Duration>(std::chrono::milliseconds(tasks.grace_ms()), kMostGrace);
  word.may_drop.clear();
  for (int at = 0; at < std::min(tasks.may_drop_size(), kMostSites); ++at) {
    if (std::string site = SiteName(tasks.may_drop(at)); !site.empty()) {
      word.may_drop.insert(std::move(site));
    }
  }
}

std::string Deciders::named() const {
  for (const std::string& dnsd : order_) {
    const auto at = words_.find(dnsd);
    if (at != words_.end() && at->second.decides) return dnsd;
  }
  return "";
}

const Deciders::Word* Deciders::Named() const {
  const auto at = words_.find(named());
  return at == words_.end() ? nullptr : &at->second;
}

bool Deciders::MayDrop(const std::string& site) const {
  const Word* word = Named();
  return word != nullptr && word->may_drop.contains(site);
}

Duration Deciders::grace() const {
  const Word* word = Named();
  return word == nullptr ? Duration::zero() : word->grace;
}

}  // namespace dnsd::reporter

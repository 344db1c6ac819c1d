// Agent: the sites that are hosted here.
#include <algorithm>
#include <utility>

#include "dnsd/base/log.h"
#include "reporter/agent.h"

namespace dnsd::reporter {

using heartbeat::v1::HostedSite;

void Agent::BuildHosting() {
  if (watch_ && watch_->folder() != config_.hosting.folder) watch_.reset();
  if (watch_) {
    watch_->Look();
  } else if (!config_.hosting.folder.empty()) {
    watch_.emplace(base_, config_.hosting.folder,
                   [this](const SiteContents& sites) { FolderChanged(sites); });
  }
  replicas_.Configure(config_.replicas, config_.hosting.folder, config_.site_health.has_value());
  BuildFallback();
  state_.hosts_all = config_.hosting.all;
  FolderChanged(FolderOrList());
  for (const auto& [name, content] : contents_) {
    WatchSite(name);
    RefreshSite(name);
  }
  for (const auto& client : clients_) client->ResendHosting();
  replicas_.KeepOrigins(config_.dnsd);
}

void Agent::BuildFallback() {
  const auto& at = config_.replicas.fallback;
  if (fallback_ && at == fallback_->listen()) return;
  fallback_.reset();
  if (!at) return;
  auto responder = FallbackResponder::Listen(base_, *at, replicas_);
  if (responder.ok()) {
    fallback_ = *std::move(responder);
  } else {
    spdlog::error("replicas: {}; no replica is made on request", Message(responder.status()));
  }
}

const SiteContents& Agent::FolderOrList() const {
  return watch_ ? watch_->sites() : config_.hosting.listed;
}

void Agent::WatchSite(const std::string& site) {
  const bool here =
      FolderOrList().contains(site);  // else recorded: a check would be its first request
  if (!config_.site_health || !here) return health_.Forget(site);
  HealthCheckConfig check = ForSite(*config_.site_health, site);
  if (!check.address) check.address = config_.addresses.front();
  health_.Watch(site, check);
}

void Agent::FolderChanged(const SiteContents& sites) {
  replicas_.SitesChanged(sites);
  SiteContents all = replicas_.recorded();
  for (const auto& [name, content] : sites) all[name] = content;
  SitesChanged(all);
}

void Agent::SitesChanged(const SiteContents& sites) {
  for (const auto& [name, content] : contents_) {
    if (sites.contains(name)) continue;
    health_.Forget(name);
    state_.sites.erase(name);
    for (const auto& client : clients_) client->SiteChanged(name);
  }
  const SiteContents before = std::exchange(contents_, sites);
  for (const auto& [name, content] : contents_) {
    const auto at = before.find(name);
    if (at != before.end() && at->second == content) continue;
    if (at == before.end()) WatchSite(name);
    RefreshSite(name);
  }
  BeatSoon();
}

// Brings what is told of a site up to date with its content and health.
void Agent::RefreshSite(const std::string& name) {
  const SiteContent& content = contents_.at(name);
  const HealthState* health = health_.Find(name);
  HostedSite& site = state_.sites[name];
  site.set_name(name);
  site.set_content_version(content.version);
  site.set_bytes(content.bytes);
  const std::string not_ready = replicas_.NotReady(name);
  const std::string unwell = health == nullptr ? "" : health->detail();
  site.set_ready(not_ready.empty());
  site.set_healthy(health == nullptr || health->healthy());
  site.set_detail(ShortDetail(not_ready.empty() ? unwell : not_ready));
  site.set_home(replicas_.IsHome(name));
  for (const auto& client : clients_) client->SiteChanged(name);
}

// ---- what the replicas want of their node ----

void Agent::LookAgain(const std::string& site) {
  if (watch_) watch_->LookAt(site);
}

void Agent::CheckAnew(const std::string& site) {
  health_.Forget(site);
  if (contents_.contains(site)) WatchSite(site);
}

bool Agent::IsHealthy(const std::string& site) const {
  const HealthState* health = health_.Find(site);
  return health != nullptr && health->healthy();
}

void Agent::ReplicaTurned(const std::string& site) {
  FolderChanged(FolderOrList());
  if (!contents_.contains(site)) return;
  if (health_.Find(site) == nullptr) WatchSite(site);
  RefreshSite(site);
}

void Agent::TasksTurned() {
  std::map<std::string, TaskReports> now;
  for (const std::string& dnsd : config_.dnsd) {
    if (TaskReports reports = replicas_.Reports(dnsd); !reports.empty()) {
      now[dnsd] = std::move(reports);
    }
  }
  const auto same = [](const TaskReports& a, const TaskReports& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return x.SerializeAsString() == y.SerializeAsString();
    });
  };
  const bool turned = !std::equal(
      now.begin(), now.end(), state_.tasks.begin(), state_.tasks.end(),
      [&](const auto& a, const auto& b) { return a.first == b.first && same(a.second, b.second); });
  state_.tasks = std::move(now);
  const std::string before = std::exchange(state_.decider, replicas_.decider());
  if (turned || before != state_.decider) BeatSoon();
}

}  // namespace dnsd::reporter

// What dnsd tells of itself: the documents, and the pages that have them.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "dnsd/base/log.h"
#include "dnsd/server/daemon.h"
#include "dnsd/server/events_json.h"
#include "dnsd/server/explain_json.h"
#include "dnsd/server/history_json.h"
#include "dnsd/server/page_assets.h"
#include "dnsd/server/placement_json.h"
#include "dnsd/server/receive_drops.h"
#include "dnsd/server/sites_json.h"
#include "dnsd/server/status_json.h"

namespace dnsd::server {
namespace {

// Empty where it is not given.
std::string ValueOf(const HttpQuery& query, const std::string& name) {
  const auto value = query.find(name);
  return value == query.end() ? std::string() : value->second;
}

// 0 where nothing is given; nothing where it is no number.
std::optional<std::uint64_t> NumberOf(const std::string& digits) {
  std::uint64_t number = 0;
  if (digits.empty()) return number;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// `since`: the number of an event; those after it. Without: all that are kept.
HttpReply EventsPage(const Events& events, const HttpQuery& query) {
  const auto since = NumberOf(ValueOf(query, "since"));
  if (!since) {
    return {.status = 400, .body = "since: wanted the number of an event, as `sequence` has it\n"};
  }
  return {.content_type = "application/json", .body = EventsJson(events.Since(*since))};
}

}  // namespace

absl::Status Daemon::StartHttp() {
  observed_.receive_drops = [sockets = Sockets()] { return ReceiveDrops(sockets); };
  if (!config_.http_listen) return absl::OkStatus();
  StatusHttp::Pages pages;
  pages["/metrics"] = [this](const HttpQuery&) {
    return HttpReply{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                     .body = metrics_.Text(MonotonicClock::now())};
  };
  pages["/status.json"] = [this](const HttpQuery&) {
    return HttpReply{
        .content_type = "application/json",
        .body = StatusJson(observed_, MonotonicClock::now(), std::chrono::system_clock::now())};
  };
  pages["/explain.json"] = [this](const HttpQuery& query) {
    const auto json =
        Explain({ValueOf(query, "name"), ValueOf(query, "type"), ValueOf(query, "client")});
    if (!json.ok()) return HttpReply{.status = 400, .body = Message(json.status()) + "\n"};
    return HttpReply{.content_type = "application/json", .body = *json};
  };
  StatusHttp::Pages errands;  // looks at every name; reads the disk
  errands["/sites.json"] = [this](const HttpQuery& query) {
    const std::string pattern = ValueOf(query, "pattern");
    const auto patterns = pattern.empty() ? std::vector<std::string>() : std::vector{pattern};
    return HttpReply{.content_type = "application/json", .body = Sites(patterns)};
  };
  pages["/placement.json"] = [this](const HttpQuery&) {
    return HttpReply{.content_type = "application/json",
                     .body = PlacementJson(*loop_->status()->placement)};
  };
  errands["/history.json"] = [this](const HttpQuery& query) { return HistoryPage(query); };
  pages["/events.json"] = [this](const HttpQuery& query) { return EventsPage(events_, query); };
  pages["/healthz"] = [this](const HttpQuery&) {
    const std::string fault = Fault();
    if (fault.empty()) return HttpReply{.body = "ok\n"};
    return HttpReply{.status = 503, .body = fault + '\n'};
  };
  for (const PageAsset& asset : PageAssets()) {
    pages[asset.path] = [&asset](const HttpQuery&) {
      return HttpReply{.content_type = asset.content_type, .body = std::string(asset.body)};
    };
  }
  http_ = std::make_unique<StatusHttp>(std::move(pages), config_.http_hosts);
  http_->SetErrands(std::move(errands));
  StatusHttp::Feeds feeds;
  feeds["/stream"] = [this](const HttpQuery& query) { return ListenTo(overview_, query); };
  const auto every_second = [this] {
    activity_.Update(MonotonicClock::now());
    WatchSites();
    overview_.Renew();
  };
  every_second();
  http_->SetFeeds(std::move(feeds), every_second);
  DNSD_RETURN_IF_ERROR(http_->Bind(*config_.http_listen));
  observed_.http = http_->bound();
  http_->Start();
  spdlog::info("status on http://{}/", http_->bound().ToString());
  return absl::OkStatus();
}

// The busiest.
void Daemon::WatchSites() {
  std::vector<std::string> sites;
  for (const auto& [site, counts] : activity_.Get().sites) sites.push_back(site);
  site_watch_.Look(sites, *served_->Get(), *fleet_.Get());
}

HttpReply Daemon::HistoryPage(const HttpQuery& query) const {
  const auto seconds = NumberOf(ValueOf(query, "seconds"));
  if (!seconds) return {.status = 400, .body = "seconds: wanted a number, how far back\n"};
  const auto json = HistoryOf(ValueOf(query, "of"), *seconds);
  if (json.ok()) return {.content_type = "application/json", .body = *json};
  return {.status = absl::IsNotFound(json.status()) ? 404 : 503,
          .body = Message(json.status()) + "\n"};
}

absl::StatusOr<std::string> Daemon::Explain(const ExplainQuestion& question) const {
  return ExplainJson(question, *served_->Get(), *fleet_.Get(), *loop_->status());
}

// `seconds`: how far back; 0: an hour.
absl::StatusOr<std::string> Daemon::HistoryOf(const std::string& subject,
                                              std::uint64_t seconds) const {
  constexpr std::uint64_t kMost = 10ULL * 366 * 86'400;
  if (history_ == nullptr) {
    return absl::FailedPreconditionError(
        "no history is kept: dnsd has no state_dir; set it, and restart");
  }
  const std::chrono::seconds back(std::min(seconds == 0 ? 3600 : seconds, kMost));
  auto json = HistoryJson(subject, std::chrono::system_clock::now() - back, history_->path(),
                          *served_->Get(), *fleet_.Get(), *loop_->status());
  if (absl::IsDataLoss(json.status())) history_->Suspect();
  return json;
}

std::string Daemon::Sites(const std::vector<std::string>& patterns) const {
  return SitesJson(patterns, *served_->Get(), *fleet_.Get(), *loop_->status());
}

}  // namespace dnsd::server

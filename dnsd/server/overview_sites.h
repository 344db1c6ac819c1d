// The sites of the overview: who answers for each.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dnsd/answer/explain.h"
#include "dnsd/answer/fleet_view.h"
#include "dnsd/answer/served.h"
#include "dnsd/server/activity.h"
#include "dnsd/server/status_report.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {

// What is known of sites at one moment. One thread's.
class SiteRows {
 public:
  SiteRows(std::shared_ptr<const answer::Served> served,
           std::shared_ptr<const answer::FleetView> fleet,
           std::shared_ptr<const StatusReport> report);

  const answer::Served& served() const { return *served_; }
  const StatusReport& report() const { return *report_; }

  // One site as JSON: its members with their nodes' states, who would answer a client at 127.0.0.1
  // or ::1 now, and the rates of late; null if it is no site any more. `activity`: null where none
  // is known.
  nlohmann::ordered_json RowOf(const wire::Name& name, const SiteActivity::Site* activity);

 private:
  struct Member {
    answer::ExplainedMember told;
    SiteActivity::Count given;
  };
  std::string_view StateOf(const std::string& node) const;
  nlohmann::ordered_json ToJson(const Member& member) const;

  const std::shared_ptr<const answer::Served> served_;
  const std::shared_ptr<const answer::FleetView> fleet_;
  const std::shared_ptr<const StatusReport> report_;
  answer::Explainer explainer_;
  std::unordered_map<std::string_view, fleet::NodeState> states_;  // borrows the report's names
};

}  // namespace dnsd::server

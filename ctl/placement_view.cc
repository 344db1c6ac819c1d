#include "ctl/placement_view.h"

#include "ctl/json_text.h"
#include "ctl/table.h"

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;

std::string ActionsText(const Json& actions) {
  Table table({{"SINCE"}, {"WHAT"}, {"SITE"}, {"NODE"}, {"PHASE"}, {"WHY"}, {"DETAIL"}});
  for (const Json& action : actions) {
    table.Add({TextAt(action, "/changed"), TextAt(action, "/kind"), TextAt(action, "/site"),
               TextAt(action, "/node"), TextAt(action, "/phase"), TextAt(action, "/why"),
               TextAt(action, "/detail")});
  }
  return table.Text();
}

// Where decisions are carried out, whose: "; another dnsd decides: 1 of 4 nodes name this one".
std::string LeadText(const Json& placement) {
  if (At(placement, "/mode") != "auto") return "";
  const std::string named = TextAt(placement, "/named_by") + " of " + TextAt(placement, "/nodes") +
                            " nodes name this one";
  return (At(placement, "/decides") == true ? "; this dnsd decides: "
                                            : "; another dnsd decides: ") +
         named;
}

// Empty where no site is short of replicas.
std::string ShortagesText(const Json& json) {
  const Json shortages = At(json, "/short");
  if (shortages.empty()) return "";
  Table table({{"SITE"}, {"WHY"}});
  for (const Json& site : shortages) table.Add({TextAt(site, "/site"), TextAt(site, "/why")});
  return "\nshort of replicas:\n" + table.Text();
}

}  // namespace

std::string ActionText(const Json& action) {
  std::string text = TextAt(action, "/kind") + " " + TextAt(action, "/site") + " on " +
                     TextAt(action, "/node") + ": " + TextAt(action, "/phase");
  const std::string detail = TextAt(action, "/detail");
  if (detail != "-" && !detail.empty()) text += ", " + detail;
  return text + "\n";
}

std::string PlacementText(const Json& placement) {
  std::string text = "placement is " + TextAt(placement, "/mode") + LeadText(placement) + "\n";
  const std::string error = TextAt(placement, "/store_error");
  if (error != "-" && !error.empty()) text += "nothing is begun: cannot store it: " + error + "\n";
  const auto section = [&text](const std::string& title, const std::string& body) {
    text += "\n" + title + "\n" + body;
  };
  const Json in_hand = At(placement, "/in_hand");
  section(in_hand.empty() ? "nothing is in hand" : "in hand:",
          in_hand.empty() ? "" : ActionsText(in_hand));
  if (const Json plan = At(placement, "/plan"); !plan.empty()) {
    section("planned, and left to `dnsdctl apply`:", PlanText(placement));
  }
  text += ShortagesText(placement);
  if (const Json pinned = At(placement, "/pinned"); !pinned.empty()) {
    Table table({{"SITE"}, {"NODE"}});
    for (const Json& pin : pinned) table.Add({TextAt(pin, "/site"), TextAt(pin, "/node")});
    section("pinned:", table.Text());
  }
  if (const Json frozen = At(placement, "/frozen"); !frozen.empty()) {
    std::string sites;
    for (const Json& site : frozen) sites += TextAt(site, "") + "\n";
    section("frozen:", sites);
  }
  if (const Json recent = At(placement, "/recent"); !recent.empty()) {
    section("lately:", ActionsText(recent));
  }
  return text;
}

std::string PlanText(const Json& reply) {
  const Json plan = At(reply, "/plan");
  if (plan.empty()) return "nothing to change\n" + ShortagesText(reply);
  Table table({{"WHAT"}, {"SITE"}, {"NODE"}, {"FROM"}, {"REASON"}, {"WHY"}});
  for (const Json& action : plan) {
    std::string from;
    for (const Json& source : At(action, "/sources")) {
      from += (from.empty() ? "" : " ") + TextAt(source, "");
    }
    table.Add({TextAt(action, "/kind"), TextAt(action, "/site"), TextAt(action, "/node"),
               from.empty() ? "-" : from, TextAt(action, "/reason"), TextAt(action, "/why")});
  }
  return table.Text() + ShortagesText(reply);
}

}  // namespace dnsd::ctl

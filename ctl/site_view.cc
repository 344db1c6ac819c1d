#include "ctl/site_view.h"

#include "ctl/json_text.h"
#include "ctl/table.h"
#include "ctl/view.h"

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;
using Align = Table::Align;

// "192.0.2.1 192.0.2.2"; of none "-"
std::string ListText(const Json& list) {
  std::string text;
  for (const Json& one : list) text += (text.empty() ? "" : " ") + TextAt(one, "");
  return text.empty() ? "-" : text;
}

// "eu, 320 km, 12 ms (measured)"
std::string PlaceText(const Json& locality) {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (part != "-") text += (text.empty() ? "" : ", ") + part;
  };
  add(TextAt(locality, "/region"));
  add(NumberAt(locality, "/kilometres", "%.0f km"));
  add(NumberAt(locality, "/rtt_milliseconds", "%.3g ms"));
  return text + (text.empty() ? "" : " ") + "(" + TextAt(locality, "/source") + ")";
}

std::string MembersText(const Json& why) {
  Table table({{"MEMBER"},
               {"NODE"},
               {"STATE"},
               {"CPU %", Align::kRight},
               {"USED %", Align::kRight},
               {"COST", Align::kRight},
               {"WHERE"},
               {"STANDING"},
               {"WHY"}});
  for (const Json& member : At(why, "/members")) {
    table.Add({TextAt(member, "/address"), TextAt(member, "/node"), TextAt(member, "/state"),
               NumberAt(member, "/load/cpu_utilization", "%.0f", 100),
               NumberAt(member, "/utilization", "%.0f", 100), NumberAt(member, "/cost", "%.3g"),
               PlaceText(At(member, "/locality")), TextAt(member, "/standing"),
               TextAt(member, "/why")});
  }
  return table.Text();
}

// Why a member that is well may not answer.
std::string RemarkOf(const Json& member) {
  const std::string ordered = TextAt(member, "/order/kind");
  if (ordered != "-") return " (" + ordered + ")";
  return TextAt(member, "/standing") == "not_hosting" ? " (does not host it)" : "";
}

bool MayAnswer(const Json& member) {
  const std::string standing = TextAt(member, "/standing");
  return standing == "chosen" || standing == "candidate";
}

// Whom clients get.
std::string NowText(const Json& site) {
  const std::string ordered = TextAt(site, "/order/kind");
  if (ordered != "-") return "nobody (" + ordered + ")";
  return TextAt(site, "/outcome") == "site" ? ListText(At(site, "/answer"))
                                            : TextAt(site, "/outcome");
}

}  // namespace

std::string ExplainText(const Json& why) {
  std::string text;
  const auto line = [&text](const char* title, const std::string& what) {
    text += std::string(title) + std::string(10 - std::string(title).size(), ' ') + what + "\n";
  };
  const std::string region = TextAt(why, "/client_region");
  line("question", TextAt(why, "/name") + " " + TextAt(why, "/type"));
  line("client", TextAt(why, "/client") + (region == "-" ? "" : ", region " + region));
  line("zone", TextAt(why, "/zone"));
  if (!why.contains("members")) {
    line("outcome", TextAt(why, "/outcome"));
    line("why", TextAt(why, "/why"));
    return text;
  }
  const bool is_answered = TextAt(why, "/outcome") == "site";
  line("answer", is_answered ? ListText(At(why, "/answer")) : TextAt(why, "/outcome"));
  line("why", TextAt(why, "/why"));
  line("policy", TextAt(why, "/site/policy") + ", order: " + TextAt(why, "/site/order") +
                     ", prefer: " + TextAt(why, "/site/prefer") +
                     ", all_down: " + TextAt(why, "/site/all_down"));
  line("scope",
       "TTL " + TextAt(why, "/ttl") + ", " + TextAt(why, "/scope") + " bits of the client counted");
  return text + "\n" + MembersText(why);
}

// Samples and events as they came, each a line.
std::string HistoryText(const Json& history) {
  Table table({{"TIME"},
               {"NODE"},
               {"STATE"},
               {"CPU %", Align::kRight},
               {"MEM %", Align::kRight},
               {"CONNS", Align::kRight},
               {"RPS", Align::kRight},
               {"COST", Align::kRight},
               {"ANSWERS", Align::kRight}});
  for (const Json& sample : At(history, "/samples")) {
    table.Add({TextAt(sample, "/time"), TextAt(sample, "/node"), TextAt(sample, "/state"),
               NumberAt(sample, "/cpu_utilization", "%.0f", 100),
               NumberAt(sample, "/mem_utilization", "%.0f", 100),
               NumberAt(sample, "/connections", "%.0f"), NumberAt(sample, "/rps", "%.1f"),
               NumberAt(sample, "/cost", "%.3g"), TextAt(sample, "/answers")});
  }
  std::string text = table.Text();
  const Json& events = At(history, "/events");
  if (!events.empty()) text += "\n";
  for (const Json& event : events) text += EventText(event);
  return text;
}

std::string SitesText(const Json& sites) {
  Table table({{"SITE"}, {"TYPE"}, {"MAY ANSWER"}, {"NOW"}, {"POLICY"}, {"MEMBERS"}});
  for (const Json& site : At(sites, "/sites")) {
    const Json& members = At(site, "/members");
    std::size_t usable = 0;
    std::string all;
    for (const Json& member : members) {
      usable += MayAnswer(member) ? 1U : 0U;
      const bool is_known = At(member, "/node").is_string();
      all += (all.empty() ? "" : ", ") + TextAt(member, is_known ? "/node" : "/address");
      if (is_known) all += " " + TextAt(member, "/state");
      all += RemarkOf(member);
    }
    table.Add({TextAt(site, "/name"), TextAt(site, "/type"),
               std::to_string(usable) + " of " + std::to_string(members.size()), NowText(site),
               TextAt(site, "/policy"), all});
  }
  return table.Text();
}

}  // namespace dnsd::ctl

#include "ctl/site_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd::ctl {
namespace {

using Json = nlohmann::json;

const Json kWhy = Json::parse(R"({
  "name": "www.example.", "type": "A", "client": "10.1.2.3", "outcome": "site",
  "why": "the least cost of 2: 0.05", "zone": "example.", "alias": null,
  "answer": ["192.0.2.1"], "ttl": 0, "scope": 16, "decided_by": "policy", "panic": false,
  "site": {"policy": "least_cost", "order": "cost", "prefer": "cost", "all_down": "all"},
  "client_region": "eu", "locality_source": "operator",
  "members": [
    {"address": "192.0.2.1", "node": "a\u001b", "state": "alive", "standing": "chosen",
     "why": "the least cost of 2: 0.05", "cost": 0.05, "utilization": 0.21,
     "load": {"cpu_utilization": 0.2},
     "locality": {"source": "measured", "region": "eu", "kilometres": 12.3,
                  "rtt_milliseconds": 4.56}},
    {"address": "192.0.2.2", "node": null, "state": null, "standing": "candidate",
     "why": "another comes first", "cost": null, "utilization": null, "load": {},
     "locality": {"source": "prefix", "region": null, "kilometres": null,
                  "rtt_milliseconds": null}}]
})");

TEST(SiteView, AnExplanationIsAHeadAndALineAMember) {
  EXPECT_EQ(ExplainText(kWhy),
            "question  www.example. A\n"
            "client    10.1.2.3, region eu\n"
            "zone      example.\n"
            "answer    192.0.2.1\n"
            "why       the least cost of 2: 0.05\n"
            "policy    least_cost, order: cost, prefer: cost, all_down: all\n"
            "scope     TTL 0, 16 bits of the client counted\n"
            "\n"
            "MEMBER     NODE  STATE  CPU %  USED %  COST  WHERE                          STANDING "
            "  WHY\n"
            "192.0.2.1  a?    alive     20      21  0.05  eu, 12 km, 4.56 ms (measured)  chosen   "
            "  the least cost of 2: 0.05\n"
            "192.0.2.2  -     -          -       -     -  (prefix)                       candidate"
            "  another comes first\n");
}

TEST(SiteView, WhatIsNoSiteIsSaidInAFewLines) {
  EXPECT_EQ(ExplainText({{"name", "x."},
                         {"type", "A"},
                         {"client", "::1"},
                         {"zone", nullptr},
                         {"outcome", "no_zone"},
                         {"why", "refused"}}),
            "question  x. A\nclient    ::1\nzone      -\noutcome   no_zone\nwhy       refused\n");
}

TEST(SiteView, AHistoryIsItsSamplesAndThenItsEvents) {
  const Json history = Json::parse(R"({"samples": [
    {"time": "T1", "node": "a", "state": "alive", "cost": 0.05, "answers": 7,
     "cpu_utilization": 0.5, "mem_utilization": null, "connections": 12, "rps": 1.25}],
    "events": [{"time": "T2", "gravity": "warning", "node": "a", "text": "alive -> dead"}]})");
  EXPECT_EQ(HistoryText(history),
            "TIME  NODE  STATE  CPU %  MEM %  CONNS  RPS  COST  ANSWERS\n"
            "T1    a     alive     50      -     12  1.2  0.05        7\n"
            "\n"
            "T2 warning node a alive -> dead\n");
}

TEST(SiteView, SitesAreALineEach) {
  const Json sites = Json::parse(R"({"more": false, "sites": [
    {"name": "www.example.", "type": "A", "policy": "least_cost", "outcome": "site",
     "answer": ["192.0.2.1", "192.0.2.3"],
     "members": [{"address": "192.0.2.1", "node": "a", "state": "alive", "standing": "chosen"},
                 {"address": "192.0.2.2", "node": "b", "state": "alive",
                  "standing": "not_hosting"},
                 {"address": "192.0.2.3", "node": null, "state": null,
                  "standing": "candidate"}]},
    {"name": "x.", "type": "AAAA", "policy": "hash", "outcome": "nodata", "answer": [],
     "members": [{"address": "::1", "node": "c", "state": "dead", "standing": "excluded"}]},
    {"name": "y.", "type": "A", "policy": "hash", "outcome": "nodata", "answer": [],
     "order": {"kind": "drain", "reason": "", "until": null},
     "members": [{"address": "192.0.2.1", "node": "a", "state": "alive", "standing": "not_hosting",
                  "order": {"kind": "disable"}}]}]})");
  EXPECT_EQ(SitesText(sites),
            "SITE          TYPE  MAY ANSWER  NOW                  POLICY      MEMBERS\n"
            "www.example.  A     2 of 3      192.0.2.1 192.0.2.3  least_cost  a alive, b alive "
            "(does not host it), 192.0.2.3\n"
            "x.            AAAA  0 of 1      nodata               hash        c dead\n"
            "y.            A     0 of 1      nobody (drain)       hash        a alive (disable)\n");
}

}  // namespace
}  // namespace dnsd::ctl

"""Orders for sites and for single nodes at sites, and the reload of one zone."""
import json

import controlled
import harness
from controlled import FAST, A, B

ZONE = controlled.ZONE + """ftp     0 A   127.0.1.1
ftp     0 A   127.0.1.2
*.host  0 A   127.0.1.1
*.host  0 A   127.0.1.2
"""
OTHER = """$ORIGIN b.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
"""


class SiteOrders(controlled.TestCase):
    def start_server(self, zones=None):
        self.server = self.controlled("--state-dir", self.folder / "state",
                                      zones={"lb.example": ZONE, **(zones or {})}, config=FAST)

    def fleet(self):
        self.start_server()
        for name, address in (("web1", A), ("web2", B)):
            self.reporter(self.server, name, address)
        self.server.wait_heard("web1", "web2")
        self.server.wait_for("www.lb.example", [A, B])

    def test_a_node_is_drained_at_one_site_and_serves_the_others(self):
        self.fleet()
        done = self.ctl("drain", "www.lb.example@web1", "--reason", "copying")
        self.assertEqual(done, "www.lb.example.@web1\n")
        self.assertEqual(self.server.sample("www.lb.example"), {B})  # from the next answer on
        self.server.wait_for("ftp.lb.example", [A, B])
        why = json.loads(self.ctl("--json", "explain", "www.lb.example"))
        member = next(m for m in why["members"] if m["address"] == A)
        self.assertEqual(member["standing"], "excluded")
        self.assertIn("drain: copying", member["why"])
        self.assertRegex(self.ctl("sites", "www*"), r"web1 alive \(drain\), web2 alive")
        self.assertEqual(self.server.status()["site_orders"],
                         [{"site": "www.lb.example.", "node": "web1",
                           "order": {"kind": "drain", "reason": "copying", "until": None}}])
        self.ctl("undrain", "*@web1")
        self.server.wait_for("www.lb.example", [A, B])

    def test_a_site_that_is_disabled_is_answered_by_nobody(self):
        self.fleet()
        self.ctl("disable", "www.lb.example", "--reason", "moved")
        reply = self.server.ask("www.lb.example", "A")
        self.assertEqual((reply.rcode, reply.addresses()), (0, []))
        self.assertIn("disable: moved", self.ctl("explain", "www.lb.example"))
        self.assertRegex(self.ctl("sites", "www*"), r"nobody \(disable\)")
        self.assertEqual(self.ctl("undrain", "www.lb.example"), "")  # it is no drain
        self.assertEqual(self.ctl("enable", "www.lb.example"), "www.lb.example.\n")
        self.server.wait_for("www.lb.example", [A, B])

    def test_orders_for_sites_outlive_a_restart(self):
        self.fleet()
        self.ctl("drain", "ftp.lb.example@web2")
        self.ctl("drain", "www.lb.example.")
        self.server.kill()  # at once: they were stored before dnsdctl returned
        self.start_server()
        self.assertEqual(self.server.sample("ftp.lb.example"), {A})
        self.assertEqual(self.server.answers("www.lb.example"), [])

    def test_they_end_by_themselves(self):
        self.fleet()
        self.ctl("drain", "www.lb.example", "--for", "200ms")
        self.server.wait_for("www.lb.example", [A, B])
        events = json.loads(self.server.get("/events.json"))["events"]
        self.assertEqual([(e["site"], e["text"]) for e in events if e["site"]][-1],
                         ("www.lb.example.", "drain is over"))

    def test_patterns_name_many_and_below_a_wildcard_any(self):
        self.fleet()
        done = self.ctl("drain", "*.lb.example.@web2")
        self.assertEqual(sorted(done.split()), ["ftp.lb.example.@web2", "www.lb.example.@web2"])
        self.assertEqual(self.ctl("drain", "x.host.lb.example@web1"), "x.host.lb.example.@web1\n")
        self.assertEqual(self.server.sample("x.host.lb.example"), {B})
        self.server.wait_for("y.host.lb.example", [A, B])

    def test_what_names_nothing_orders_nothing(self):
        self.fleet()
        for word in ("web9", "web9.", "www.lb.example@web9", "www@web1"):
            self.assertIn(f"matches '{word}'; nothing is changed",
                          self.ctl("drain", "www.lb.example", word, fails=1))
        for word in ("w*9", "*.example", "*.host.lb.example.@web1"):
            self.assertIn(f"matches '{word}'", self.ctl("drain", word, fails=1))
        self.assertEqual(self.server.status()["site_orders"], [])
        self.assertIn("only a node's can be waited for",
                      self.ctl("drain", "www.lb.example", "--wait", fails=1))

    def test_one_zone_is_read_anew_and_the_others_left_alone(self):
        self.start_server({"b.example": OTHER})
        lb, b = self.folder / "lb.example.zone", self.folder / "b.example.zone"
        lb.write_text(ZONE + "broken 0 A 192.0.2.400\n")
        b.write_text(OTHER + "new 60 A 192.0.2.9\n")
        (self.folder / "dnsd.yaml").write_text("nonsense: 1\n")
        self.assertEqual(self.ctl("reload", "b.example"), "")
        self.assertEqual(self.server.answers("new.b.example"), ["192.0.2.9"])
        self.assertIn(f"{lb}:11", self.ctl("reload", "lb.example", fails=1))
        self.assertEqual(self.server.answers("ns1.lb.example"), ["192.0.2.53"])
        self.assertIn("no zone 'c.example' is served", self.ctl("reload", "c.example", fails=1))
        self.assertIn("nonsense", self.ctl("reload", fails=1))


if __name__ == "__main__":
    harness.main()

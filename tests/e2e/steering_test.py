"""The main job: real reporters tell their load, and the cheapest server answers."""
import harness
from harness import SOURCE

NODES = {"n1": "127.0.1.1", "n2": "127.0.1.2", "n3": "127.0.1.3"}
ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www   300 A   127.0.1.1
www   300 A   127.0.1.2
www   300 A   127.0.1.3
www   300 AAAA fd00::1
www   300 AAAA fd00::2
www   300 TXT "plain data beside a pool"
one   300 A   127.0.1.1
alias 300 CNAME www
mail  300 MX  10 www
"""
FAST = "heartbeat: {warm_up: 0s}\n"
IDLE, BUSY = {"cpu_utilization": 0.05}, {"cpu_utilization": 0.85}


class Steering(harness.TestCase):
    def fleet(self, config=FAST, loads=(BUSY, IDLE, BUSY), zone=ZONE, **options):
        """A dnsd and three reporters, once dnsd has heard of all three."""
        server = self.dnsd(zone=zone, config=config)
        self.reporters = [self.reporter(server, name, address, load=load, **options)
                          for (name, address), load in zip(NODES.items(), loads)]
        server.wait_heard(*NODES)
        return server

    def test_before_any_report_the_whole_pool_is_answered_as_plain_dns(self):
        server = self.dnsd(zone=ZONE)
        reply = server.ask("www.lb.example", "A")
        self.assertEqual(set(reply.addresses()), set(NODES.values()))
        self.assertEqual({r.ttl for r in reply.answer}, {300})

    def test_the_cheapest_server_answers_with_ttl_0(self):
        server = self.fleet()
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5)
        reply = server.ask("www.lb.example", "A")
        self.assertEqual([(r.ttl) for r in reply.answer], [0])
        self.assertTrue(reply.aa)

    def test_load_that_moves_moves_the_answers(self):
        server = self.fleet()
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5)
        self.reporters[1].set_load(**BUSY)
        self.reporters[2].set_load(**IDLE)
        server.wait_for("www.lb.example", ["127.0.1.3"], count=5, seconds=10)

    def test_a_pool_of_aaaa_follows_the_load_too(self):
        server = self.dnsd(zone=ZONE, config=FAST)
        self.reporter(server, "n1", "127.0.1.1", "fd00::1", load=BUSY)
        self.reporter(server, "n2", "127.0.1.2", "fd00::2", load=IDLE)
        server.wait_for("www.lb.example", ["fd00::2"], count=5, qtype="AAAA")

    def test_a_cname_to_a_site_is_answered_by_load(self):
        server = self.fleet()
        server.wait_for("alias.lb.example", ["127.0.1.2"], count=5)

    def test_other_types_at_a_site_stay_plain(self):
        server = self.fleet()
        reply = server.ask("www.lb.example", "TXT")
        self.assertEqual([r.ttl for r in reply.answer], [300])

    def test_dig_sees_what_programs_see(self):
        server = self.fleet()
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5)
        for transport in ("+notcp", "+tcp"):
            text = harness.dig(server.address, "www.lb.example", "A", transport)
            self.assertEqual([r[1:] for r in harness.dig_section(text, "ANSWER")],
                             [["0", "IN", "A", "127.0.1.2"]])

    def test_equal_servers_share_the_answers(self):
        server = self.fleet(loads=(IDLE, IDLE, IDLE))
        server.wait_for("www.lb.example", NODES.values(), count=40)

    def test_two_addresses_if_so_configured_the_two_cheapest(self):
        server = self.fleet(config=FAST + "site_defaults: {answers: 2}\n",
                            loads=(IDLE, BUSY, IDLE))
        server.wait_for("www.lb.example", ["127.0.1.1", "127.0.1.3"], count=5)
        for _ in range(10):
            self.assertEqual(len(server.answers("www.lb.example")), 2)

    def test_a_site_rule_overrides_the_defaults(self):
        config = FAST + "site_defaults: {answers: 3}\nsites:\n  - {name: w*.lb.example, answers: 2, ttl: 7}\n"
        server = self.fleet(config=config)
        reply = server.ask("www.lb.example", "A")
        self.assertEqual([r.ttl for r in reply.answer], [7, 7])

    def test_round_robin_takes_turns_whatever_the_load(self):
        server = self.fleet(config=FAST + "site_defaults: {policy: round_robin}\n")
        harness.wait_until(lambda: len(server.answers("www.lb.example")) == 1, 5, "one address")
        seen = [server.answers("www.lb.example")[0] for _ in range(300)]
        for address in NODES.values():  # one worker or several, each takes turns by itself
            self.assertAlmostEqual(seen.count(address), 100, delta=15)

    def test_one_fleet_serves_several_dnsd(self):
        first, second = (self.dnsd(zone=ZONE, config=FAST) for _ in range(2))
        for (name, address), load in zip(NODES.items(), (BUSY, BUSY, IDLE)):
            self.reporter([first, second], name, address, load=load)
        for server in (first, second):
            server.wait_for("www.lb.example", ["127.0.1.3"], count=5)

    def test_a_dnsd_that_is_away_costs_the_others_nothing(self):
        first, second = (self.dnsd(zone=ZONE, config=FAST) for _ in range(2))
        for (name, address), load in zip(NODES.items(), (BUSY, BUSY, IDLE)):
            self.reporter([first, second], name, address, load=load)
        first.wait_for("www.lb.example", ["127.0.1.3"], count=5)
        first.stop()
        second.wait_for("www.lb.example", ["127.0.1.3"], count=5)

    def test_the_command_as_a_load_source_counts(self):
        server = self.dnsd(zone=ZONE, config=FAST)
        for name, load in (("n1", 0.9), ("n2", 0.9), ("n3", 0.05)):
            path = self.write(f"{name}.sh", f"echo '{{\"cpu_utilization\": {load}}}'\n")
            self.start(harness.Process(f"reporter-{name}", [
                harness.BUILD / "reporter", "--node", name, "--address", NODES[name], "--interval",
                "0.2s", "--dnsd", "%s:%d" % server.heartbeat, "--load-source", f"exec:sh {path}"]))
        server.wait_for("www.lb.example", ["127.0.1.3"], count=5, seconds=8)


class ChenAndChi(harness.TestCase):
    """The two tables of the paper, as the zone files of zones/ have them."""

    NAME = "www.csl.csie.ndhu.edu.tw"

    def csl(self, table, **options):
        return self.dnsd(zones={"csl.csie.ndhu.edu.tw": SOURCE / "zones" / f"csl-{table}.zone"},
                         **options)

    def test_a_client_gets_the_server_of_its_network_first(self):
        server = self.csl("location")
        for client, nearest in (("140.112.1.0/24", "140.112.19.76"),
                                ("203.64.1.0/24", "203.64.88.10"),
                                ("128.32.1.0/24", "128.32.206.66")):
            text = harness.dig(server.address, self.NAME, "A", f"+subnet={client}")
            addresses = [r[4] for r in harness.dig_section(text, "ANSWER")]
            self.assertEqual(addresses[0], nearest)
            self.assertEqual(set(addresses), {"203.64.88.10", "140.112.19.76", "128.32.206.66"})

    def test_the_records_beside_the_pool_are_served_unchanged(self):
        server = self.csl("load")
        text = harness.dig(server.address, self.NAME, "HINFO")
        self.assertEqual(harness.dig_section(text, "ANSWER")[0][3:], ["HINFO", '"WWW-Server" "WWW"'])
        self.assertEqual(len(server.ask(self.NAME, "WKS").answer), 3)

    def test_the_least_loaded_of_the_load_table_answers(self):
        server = self.csl("load", config=FAST)
        for number, load in ((117, BUSY), (155, BUSY), (183, IDLE)):
            self.reporter(server, f"www{number}", f"203.64.100.{number}", load=load)
        server.wait_for(self.NAME, ["203.64.100.183"], count=5)


if __name__ == "__main__":
    harness.main()

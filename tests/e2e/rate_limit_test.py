"""Response rate limiting: a flood from one prefix is cut, resolvers that are there get through."""
import math
import re
import signal
import socket
import time

import dnswire
import harness
from dnswire import opt_record, query

ZONE = """$ORIGIN lb.example.
@      3600 SOA ns1 hostmaster 1 3600 600 86400 5
@      3600 NS  ns1
ns1    3600 A   192.0.2.53
host     60 A   192.0.2.1
other    60 A   192.0.2.2
www       0 A   192.0.2.11
www       0 A   192.0.2.12
*.wild   60 A   192.0.2.3
sub    3600 NS  ns.sub
ns.sub 3600 A   192.0.2.54
"""
RATE = 10
FLOOD = 100  # fits a socket's buffer
LIMITS = f"rate_limit: {{responses_per_second: {RATE}, %s}}\n"


class RateLimit(harness.TestCase):
    def start_limited(self, more="", rest=""):
        return self.dnsd("--workers", "1", zone=ZONE, config=LIMITS % more + rest)

    def flood(self, server, queries, source="127.0.0.1"):
        """Sends the queries at once from one address; the responses, and how long it took."""
        replies = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            s.bind((source, 0))
            s.connect(server.address)
            start = time.monotonic()
            for octets in queries:
                s.send(octets)
            took = None
            s.settimeout(0.5 * harness.PATIENCE)
            while True:
                try:
                    replies.append(dnswire.Message(s.recv(65535)))
                    took = time.monotonic() - start
                except TimeoutError:
                    return replies, took or 0

    def assert_cut(self, replies, took, is_full):
        """A second's worth came whole, beside what was earned while the flood lasted."""
        full = [r for r in replies if is_full(r)]
        self.assertGreaterEqual(len(full), RATE)
        self.assertLessEqual(len(full), RATE + math.ceil(took * RATE))
        return full

    def limited(self, server):
        """(dropped, slipped) as /metrics has them."""
        text = server.get("/metrics")
        return tuple(int(float(re.search(rf"^dnsd_rate_limit_{what}_total (\S+)", text, re.M)[1]))
                     for what in ("dropped", "slipped"))

    def test_without_the_key_nothing_is_limited(self):
        server = self.dnsd("--workers", "1", zone=ZONE)
        replies, _ = self.flood(server, [query("host.lb.example", "A")] * FLOOD)
        self.assertEqual(len(replies), FLOOD)
        self.assertEqual(self.limited(server), (0, 0))

    def test_a_flood_is_cut_and_every_second_response_beyond_slips(self):
        server = self.start_limited()
        replies, took = self.flood(
            server, [query("host.lb.example", "A", opt_record())] * FLOOD)
        full = self.assert_cut(replies, took, lambda r: r.answer)
        slipped = [r for r in replies if not r.answer]
        self.assertEqual(len(slipped), (FLOOD - len(full)) // 2)
        self.assertEqual(self.limited(server), (FLOOD - len(full) - len(slipped), len(slipped)))
        for reply in slipped:
            self.assertTrue(reply.tc)
            self.assertEqual((reply.rcode, reply.answer, reply.authority, reply.additional),
                             (0, [], [], []))
            self.assertEqual(reply.question, full[0].question)
            self.assertEqual(reply.edns["size"], 1232)

    def test_a_site_is_limited_as_any_name(self):
        server = self.start_limited("slip: 0")
        replies, took = self.flood(server, [query("www.lb.example", "A")] * FLOOD)
        self.assert_cut(replies, took, lambda r: r.answer)

    def test_others_are_answered_meanwhile(self):
        server = self.start_limited("slip: 0")
        self.flood(server, [query("host.lb.example", "A")] * FLOOD)
        # The same network over TCP, another name, another network.
        self.assertEqual(server.answers("host.lb.example", tcp=True), ["192.0.2.1"])
        self.assertEqual(server.answers("other.lb.example"), ["192.0.2.2"])
        self.assertEqual(server.answers("host.lb.example", source="127.0.1.1"), ["192.0.2.1"])
        # And not: the same network.
        octets = query("host.lb.example", "A")
        self.assertIsNone(dnswire.ask_udp(server.address, octets, 0.3, source="127.0.0.77"))

    def test_names_made_up_below_a_zone_share_an_account(self):
        server = self.start_limited("slip: 1")
        replies, took = self.flood(
            server, [query(f"x{i}.lb.example", "A") for i in range(FLOOD)])
        self.assertEqual({r.rcode for r in replies}, {3})
        self.assert_cut(replies, took, lambda r: r.authority)

    def test_names_made_up_below_a_wildcard_share_an_account(self):
        server = self.start_limited("slip: 0")
        replies, took = self.flood(
            server, [query(f"x{i}.wild.lb.example", "A") for i in range(FLOOD)])
        self.assert_cut(replies, took, lambda r: r.answer)

    def test_referrals_below_one_cut_share_an_account(self):
        server = self.start_limited("slip: 1")
        replies, took = self.flood(
            server, [query(f"x{i}.sub.lb.example", "A") for i in range(FLOOD)])
        self.assert_cut(replies, took, lambda r: r.authority)

    def test_nodata_of_a_name_shares_an_account_whatever_the_type(self):
        server = self.start_limited("slip: 0")
        types = ["TXT", "MX", "AAAA", "SRV", "LOC"] * (FLOOD // 5)
        replies, took = self.flood(server, [query("host.lb.example", t) for t in types])
        self.assert_cut(replies, took, lambda r: r.authority)

    def test_errors_that_slip_go_out_as_they_are(self):
        server = self.start_limited()
        replies, _ = self.flood(
            server, [query(f"x{i}.elsewhere.test", "A") for i in range(FLOOD)])
        self.assertEqual({(r.rcode, r.tc) for r in replies}, {(5, False)})
        self.assertLess(len(replies), FLOOD)
        self.assertGreater(len(replies), FLOOD / 2)

    def test_the_exempt_are_not_limited(self):
        server = self.start_limited("exempt: [127.0.2.0/24]")
        queries = [query("host.lb.example", "A")] * FLOOD
        replies, _ = self.flood(server, queries, source="127.0.2.9")
        self.assertEqual(len([r for r in replies if r.answer]), FLOOD)
        replies, took = self.flood(server, queries, source="127.0.3.9")
        self.assert_cut(replies, took, lambda r: r.answer)

    def test_a_client_with_a_good_cookie_is_not_limited(self):
        server = self.start_limited("slip: 0")
        client = (10, b"01234567")
        reply = server.ask("host.lb.example", "A", edns=opt_record(options=[client]), tcp=True)
        good = reply.edns["options"][0]
        bad = (10, good[1][:-1] + bytes([good[1][-1] ^ 1]))
        for option, limited in ((bad, True), (good, False), (client, True)):
            queries = [query("host.lb.example", "A", opt_record(options=[option]))] * FLOOD
            replies, took = self.flood(server, queries)
            if limited:
                most = RATE + math.ceil(took * RATE)
                self.assertLessEqual(len([r for r in replies if r.answer]), most)
            else:
                self.assertEqual(len([r for r in replies if r.answer]), FLOOD)

    def test_a_dry_run_counts_and_sends(self):
        server = self.start_limited("dry_run: true")
        replies, _ = self.flood(server, [query("host.lb.example", "A")] * FLOOD)
        self.assertEqual(len([r for r in replies if r.answer]), FLOOD)
        dropped, slipped = self.limited(server)
        self.assertGreater(dropped + slipped, FLOOD / 2)

    def test_a_reload_turns_it_on_and_off(self):
        server = self.dnsd("--workers", "1", zone=ZONE, config="log: {level: info}\n")
        queries = [query("host.lb.example", "A")] * FLOOD

        def reload(config):
            done = server.status()["reload"]["done"]
            self.write("dnsd.yaml", config)
            server.signal(signal.SIGHUP)
            harness.wait_until(lambda: server.status()["reload"]["done"] > done,
                               10 * harness.PATIENCE, "reloaded", server)
        reload(LIMITS % "slip: 0")
        replies, took = self.flood(server, queries)
        self.assert_cut(replies, took, lambda r: r.answer)
        reload("log: {level: info}\n")
        replies, _ = self.flood(server, queries)
        self.assertEqual(len(replies), FLOOD)

    def test_a_reload_that_changes_nothing_forgives_nothing(self):
        server = self.start_limited("slip: 0")
        queries = [query("host.lb.example", "A")] * FLOOD
        self.flood(server, queries)
        done = server.status()["reload"]["done"]
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: server.status()["reload"]["done"] > done,
                           10 * harness.PATIENCE, "reloaded", server)
        octets = query("host.lb.example", "A")
        self.assertIsNone(dnswire.ask_udp(server.address, octets, 0.3))

    def test_dig_gets_through_over_tcp_by_itself(self):
        server = self.start_limited("slip: 1")
        self.flood(server, [query("host.lb.example", "A")] * FLOOD)
        text = harness.dig(server.address, "host.lb.example", "A")
        self.assertIn("Truncated, retrying in TCP mode", text)
        self.assertEqual([r[-1] for r in harness.dig_section(text, "ANSWER")], ["192.0.2.1"])

    def test_check_tells_mistakes_with_their_line(self):
        zone = self.write("zone", ZONE)
        config = self.write("dnsd.yaml", "rate_limit:\n  responses_per_second: many\n  log-only: x\n")
        done = self.run_program("dnsd", "check", "--config", config, "--listen", "127.0.0.1:0",
                                "--zone", f"lb.example={zone}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("dnsd.yaml:2: key 'responses_per_second': found 'many'",
                      done.stdout + done.stderr)
        self.assertIn("dnsd.yaml:3: unknown key 'log-only'", done.stdout + done.stderr)


if __name__ == "__main__":
    harness.main()

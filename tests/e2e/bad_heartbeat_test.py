"""Heartbeats that no honest reporter sends: each is refused or kept harmless, said and counted."""
import socket
import subprocess

import harness

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   127.0.1.1
www     0 A   127.0.1.2
"""
# By turns every usable node is seen, whatever it costs.
FAST = "heartbeat: {warm_up: 0s}\nsite_defaults: {policy: round_robin}\n"
N1, N2 = r'"\177\000\001\001"', r'"\177\000\001\002"'  # 127.0.1.1 and .2 as octets


def hello(node="n1", addresses=(N1,), load="cpu_utilization: 0.1", extra="", sequence=1, boot=1):
    listed = " ".join(f"addresses: {a}" for a in addresses)
    return (f'hello {{ node: "{node}" {listed} interval_ms: 200 boot_id: {boot} state {{ '
            f'sequence: {sequence} load {{ {load} }} node_health {{ healthy: true }} '
            f'hosting {{ kind: ALL }} }} {extra} }}')


def beat(sequence, load="cpu_utilization: 0.1"):
    return (f"heartbeat {{ sequence: {sequence} load {{ {load} }} "
            "node_health { healthy: true } }")


class BadHeartbeats(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.dnsd(zone=ZONE, config=FAST)
        self.reporter(self.server, "honest", "127.0.1.2")
        harness.wait_until(lambda: self.node("honest"), 5 * harness.PATIENCE, "honest is known",
                           self.server)

    def node(self, name):
        return next((n for n in self.server.status()["nodes"] if n["name"] == name), None)

    def say(self, *lines, seconds=15):
        """What dnsd replies to these messages, until the stream is closed."""
        done = subprocess.run([str(harness.BUILD / "heartbeat_probe"), "%s:%d" % self.server.heartbeat],
                              input="\n".join(lines) + "\n", text=True, capture_output=True,
                              timeout=seconds * harness.PATIENCE, check=False)
        self.assertNotEqual(done.returncode, 2, done.stderr)
        return done.stdout

    def hold(self, *lines):
        """The same on a stream that stays open until the test ends."""
        probe = subprocess.Popen([str(harness.BUILD / "heartbeat_probe"), "%s:%d" % self.server.heartbeat],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(probe.stdout.close)
        self.addCleanup(probe.wait)
        self.addCleanup(probe.kill)
        self.addCleanup(probe.stdin.close)
        for line in lines:
            probe.stdin.write(line + "\n")
        probe.stdin.flush()
        return probe

    def honest_answers(self):
        """The honest node is known as before and dnsd answers. A beat may be late on a busy machine:
        what counts is that it lasts."""
        harness.wait_until(lambda: self.node("honest")["state"] in ("alive", "warming"),
                           5 * harness.PATIENCE, "honest is alive", self.server)
        harness.wait_until(lambda: "127.0.1.2" in self.server.sample("www.lb.example", 60),
                           5 * harness.PATIENCE, "honest answers", self.server)

    def test_a_first_message_that_is_no_hello_is_refused(self):
        self.assertIn("refusal", self.say(beat(1)))
        self.honest_answers()

    def test_a_node_without_a_name_is_refused(self):
        for name in ("", " ", "two words", "x" * 256):
            self.assertIn("refusal", self.say(hello(node=name)))
        self.honest_answers()

    def test_addresses_that_are_none_are_refused(self):
        for octets in (r'""', r'"\177\000"', r'"\177\000\001\001\001"'):
            self.assertIn("refusal", self.say(hello(addresses=[octets])))
        self.honest_answers()

    def test_impossible_loads_never_count(self):
        for load in ("nan", "inf", "-inf", "-1", "-1e-9", "1e9", "1e308"):
            with self.subTest(load):
                self.say(hello(load=f"cpu_utilization: {load} rps: {load} sps: {load} "
                                    f"connections: {load} run_queue: {load} cpus: {load}"))
                self.honest_answers()
        # Nothing of it is left in figures that answers are chosen by.
        text = self.server.get("/status.json") + self.server.get("/metrics")
        for word in ("nan", "NaN", "inf", "Inf", "e+308", "-1e"):
            self.assertNotIn(f" {word}", text)
            self.assertNotIn(f":{word}", text)

    def test_impossible_round_trip_times_and_too_many_of_them_are_left_out(self):
        def rtt(prefix, us=20000, length=24):
            return (f"rtts {{ prefix: {prefix} length: {length} count: 1 median_us: {us} "
                    f"minimum_us: {us} }}")
        good, wrong = r'"\300\000\002\000"', r'"\300\000\002"'
        self.say(hello(), f"heartbeat {{ sequence: 2 {rtt(good)} {rtt(good, 0)} "
                          f"{rtt(good, 4000000000)} {rtt(good, length=8)} {rtt(wrong)} }}",
                 f"heartbeat {{ sequence: 3 {' '.join([rtt(good)] * 300)} }}")
        faults = self.server.status()["fleet"]["heartbeat_faults"]
        self.assertEqual((faults["rtt"], faults["too_many"]), (1, 1))
        harness.wait_until(lambda: self.server.status()["locality"]["measured"]["prefixes"] == 1,
                           5 * harness.PATIENCE, "the good one counts", self.server)
        self.assertEqual(self.server.status()["locality"]["measured"]["samples"], 257)
        self.honest_answers()

    def test_an_impossible_load_is_counted(self):
        self.say(hello(load="cpu_utilization: nan"))
        self.assertRegex(self.server.get("/metrics"),
                         r"(?m)^dnsd_heartbeat_faults_total\{[^}]*\} [1-9]")

    def test_a_sequence_that_goes_back_is_counted_and_ignored(self):
        self.hold(hello(sequence=10), beat(11), beat(5, "cpu_utilization: 0.9"), beat(12))
        harness.wait_until(lambda: self.node("n1"), 5, "n1 is known")
        harness.wait_until(
            lambda: any("sequence" in line and not line.endswith(" 0")
                        for line in self.server.get("/metrics").splitlines()
                        if line.startswith("dnsd_heartbeat_faults_total")),
            5, "the step back is counted", self.server)
        self.honest_answers()

    def test_an_address_outside_any_pool_is_said_and_harmless(self):
        said = self.hold(hello(addresses=[r'"\306\063\144\007"']))  # 198.51.100.7
        self.assertIn("198.51.100.7", said.stdout.readline())
        self.honest_answers()
        self.assertNotIn("198.51.100.7", self.server.sample("www.lb.example"))

    def test_an_address_that_another_node_holds_stays_with_it(self):
        said = self.hold(hello(node="thief", addresses=[N2], load="cpu_utilization: 0.0"))
        said.stdout.readline()
        harness.wait_until(lambda: self.node("thief"), 5, "the thief is known")
        self.assertEqual(self.node("honest")["addresses"], ["127.0.1.2"])
        self.assertRegex(self.server.log(), r"127\.0\.1\.2")
        self.honest_answers()

    def test_a_stream_that_says_nothing_is_closed(self):
        self.assertIn("status", self.say("hang", seconds=20))
        self.honest_answers()

    def test_octets_that_are_no_grpc_harm_nobody(self):
        for octets in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000, b"\xff" * 100000):
            with socket.create_connection(self.server.heartbeat, 3) as s:
                try:
                    s.sendall(octets)
                except ConnectionError:
                    pass
        self.honest_answers()

    def test_a_stream_cut_off_without_goodbye_is_no_goodbye(self):
        self.hold(hello(), "wait 300", "abort")
        harness.wait_until(lambda: self.node("n1"), 5, "n1 is known")
        harness.wait_until(lambda: self.node("n1")["state"] in ("suspect", "dead"), 5, "n1 is gone")
        self.honest_answers()

    def test_a_site_outside_the_zones_is_harmless(self):
        self.hold('hello { node: "n1" addresses: ' + N1 + ' interval_ms: 200 state { sequence: 1 '
                  'node_health { healthy: true } hosting { kind: FULL sites { name: "www.other.test" '
                  'ready: true healthy: true } sites { name: "' + "x" * 64 + '" ready: true } } } }')
        self.honest_answers()
        self.assertEqual(self.server.ask("www.other.test", "A").rcode, 5)


if __name__ == "__main__":
    harness.main()

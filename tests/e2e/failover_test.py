"""Nodes that die, leave, fall ill and come back, as real processes, with the time it takes."""
import signal
import time

import harness

NODES = {"n1": "127.0.1.1", "n2": "127.0.1.2", "n3": "127.0.1.3"}
ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   127.0.1.1
www     0 A   127.0.1.2
www     0 A   127.0.1.3
"""
# Turns make every answering node show, whatever its cost.
TURNS = "heartbeat: {warm_up: 0s}\nsite_defaults: {policy: round_robin}\n"
ALL = set(NODES.values())


class Failover(harness.TestCase):
    def fleet(self, interval="0.2s", config=TURNS, **options):
        server = self.dnsd(zone=ZONE, config=config)
        self.reporters = {name: self.reporter(server, name, address, interval=interval, **options)
                          for name, address in NODES.items()}
        server.wait_heard(*NODES)
        server.wait_for("www.lb.example", ALL, count=60)
        return server

    def test_when_the_cheapest_is_killed_the_next_cheapest_answers(self):
        server = self.dnsd(zone=ZONE, config="heartbeat: {warm_up: 0s}\n")
        loads = {"n1": 0.85, "n2": 0.05, "n3": 0.4}
        reporters = {name: self.reporter(server, name, address, interval="1s",
                                         load={"cpu_utilization": loads[name]})
                     for name, address in NODES.items()}
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5, seconds=10)
        reporters["n2"].kill()
        took = server.wait_for("www.lb.example", ["127.0.1.3"], count=5)
        self.assertLess(took, 3.5 * harness.PATIENCE)

    def gone_after(self, server, address):
        """Seconds until the address is no longer answered."""
        start = time.monotonic()
        server.wait_for("www.lb.example", ALL - {address}, seconds=10, count=60)
        return time.monotonic() - start

    def test_a_killed_node_is_gone_within_three_beats_of_a_second(self):
        server = self.fleet(interval="1s")
        self.reporters["n2"].kill()
        self.assertLess(self.gone_after(server, "127.0.1.2"), 3.5 * harness.PATIENCE)

    def test_a_node_that_hangs_is_gone_within_three_beats(self):
        server = self.fleet()
        self.reporters["n2"].signal(signal.SIGSTOP)  # its connection stays open
        self.addCleanup(self.reporters["n2"].signal, signal.SIGCONT)
        self.assertLess(self.gone_after(server, "127.0.1.2"), 1.2 * harness.PATIENCE)
        self.reporters["n2"].signal(signal.SIGCONT)
        server.wait_for("www.lb.example", ALL, count=60, seconds=10)

    def test_a_node_that_is_stopped_says_so_and_is_gone_at_once(self):
        server = self.fleet(interval="10s")  # no beat is missed for long
        self.reporters["n2"].signal(signal.SIGTERM)
        self.assertLess(self.gone_after(server, "127.0.1.2"), 1 * harness.PATIENCE)
        self.assertEqual(self.reporters["n2"].popen.wait(5), 0)
        server.wait_states(n2="leaving")

    def test_a_node_that_comes_back_answers_again(self):
        server = self.fleet()
        self.reporters["n2"].kill()
        self.gone_after(server, "127.0.1.2")
        self.reporter(server, "n2", "127.0.1.2")
        server.wait_for("www.lb.example", ALL, count=60, seconds=10)

    def test_a_node_that_comes_back_is_warmed_up(self):
        server = self.fleet(config=TURNS.replace("0s", "1h"))
        self.reporters["n2"].kill()
        server.wait_states(n2="dead")
        self.reporter(server, "n2", "127.0.1.2")
        server.wait_states(n2="warming")

    def test_a_dead_fleet_is_answered_whole(self):
        server = self.fleet()
        for reporter in self.reporters.values():
            reporter.kill()
        server.wait_states(n1="dead", n2="dead", n3="dead")
        server.wait_for("www.lb.example", ALL, count=60)

    def test_a_restarted_reporter_with_sequences_from_1_is_heard(self):
        server = self.fleet()
        self.reporters["n3"].stop()
        self.reporter(server, "n3", "127.0.1.3")
        server.wait_for("www.lb.example", ALL, count=60, seconds=10)

    def test_the_others_keep_answering_while_reporters_come_and_go(self):
        server = self.fleet()
        for _ in range(3):
            self.reporters["n1"].kill()
            for _ in range(20):
                self.assertTrue(set(server.answers("www.lb.example")) <= ALL)
            self.reporters["n1"] = self.reporter(server, "n1", "127.0.1.1")


if __name__ == "__main__":
    harness.main()

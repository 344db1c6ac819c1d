"""Several dnsd that all place sites by themselves: one decides, and all of them count."""
import signal
import threading

import harness
from placed import ADDRESSES, SITE, ZONE, Placed
from placed_watch import Watched
from reporter_test import Sink, hosted


class Deciders(Placed):
    """The reporters name dnsd "a" before "b"."""

    def setUp(self):
        super().setUp()
        self.both = [self.serve_as("a"), self.serve_as("b")]
        self.reporters = self.nodes(self.both)

    def serve_as(self, which, *arguments):
        return self.dnsd(*arguments, zone=ZONE, config=self.config(which=which))

    def order(self, which, *words, fails=0):
        self.socket = self.folder / f"control{which}.sock"
        return self.ctl(*words, fails=fails)

    def placement_of(self, which):
        self.socket = self.folder / f"control{which}.sock"
        return self.placement()

    def contract(self, which, node):
        done = self.run_program("dnsdctl", "--socket", self.folder / f"control{which}.sock",
                                "contract", SITE, node)
        self.taken[which] = done.returncode == 0

    def wait_decides(self, which, decides=True):
        harness.wait_until(lambda: self.placement_of(which)["decides"] == decides,
                           20 * harness.PATIENCE, f"{which} decides: {decides}", self.both["ab".index(which)])

    def done(self, which):
        return [(a["kind"], a["node"], a["phase"]) for a in self.placement_of(which)["recent"]]

    def test_the_first_decides_and_the_second_takes_over_when_it_is_gone(self):
        first, second = self.both
        self.wait_decides("a")
        self.assertFalse(self.placement_of("b")["decides"])
        self.assertIn("another dnsd decides: 0 of 4 nodes name this one", self.order("b", "placement"))
        self.reporters["n2"].kill()
        harness.wait_until(lambda: self.done("a"), 30 * harness.PATIENCE, "a repairs", *self.both)
        made = self.placement_of("a")["recent"][0]["node"]
        for dnsd in self.both:
            self.wait_answers(dnsd, "n1", made)
        self.assertEqual(self.done("b"), [])

        first.kill()
        self.wait_decides("b")
        self.reporters[made].kill()
        last = ({"n3", "n4"} - {made}).pop()
        self.wait_answers(second, "n1", last, seconds=30)
        harness.wait_until(lambda: ("expand", last, "done") in self.done("b"),
                           20 * harness.PATIENCE, "b has repaired", second)

        port = first.heartbeat[1]
        self.both[0] = self.serve_as("a", "--heartbeat-listen", f"127.0.0.1:{port}")
        self.wait_decides("a")
        self.wait_decides("b", False)

    def test_what_one_withdraws_leaves_the_answers_of_the_other_before_it_is_gone(self):
        _, second = self.both
        self.put("n3")
        (self.folder / "n3/www/.poke").touch()
        self.wait_answers(second, "n1", "n2", "n3")
        self.drop.write_text("#!/bin/sh\nwhile [ -e $DNSD_SITES_DIR/../../hold ]; do sleep 0.05; done\n"
                             "rm -rf \"$DNSD_SITES_DIR/$2\"\n")
        (self.folder / "hold").touch()
        self.order("a", "contract", SITE, "n3")
        self.wait_answers(second, "n1", "n2")
        self.assertTrue(self.has("n3"))
        (self.folder / "hold").unlink()
        harness.wait_until(lambda: not self.has("n3"), 20 * harness.PATIENCE, "withdrawn", *self.both)

    def test_two_withdrawals_at_once_leave_the_least(self):
        """Each of two dnsd is told to do without what the other counts on."""
        for turn in range(3):
            with self.subTest(turn=turn):
                for node in ("n2", "n3"):
                    self.put(node)
                    (self.folder / node / "www/.poke").touch()
                for dnsd in self.both:
                    self.wait_answers(dnsd, "n1", "n2", "n3")
                self.taken = {}
                orders = [threading.Thread(target=self.contract, args=pair)
                          for pair in (("a", "n2"), ("b", "n3"))]
                for order in orders:
                    order.start()
                for order in orders:
                    order.join()
                harness.wait_until(
                    lambda: not any(self.placement_of(w)["in_hand"] for w in "ab"),
                    60 * harness.PATIENCE, "both have ended", *self.both)
                self.assertGreaterEqual(sum(map(self.has, ADDRESSES)), 2)
                phases = [self.done(w)[0][2] for w in "ab" if self.taken[w]]
                # Unless one was late, and refused since the other was told of already.
                self.assertTrue("undone" in phases or len(phases) == 1, (phases, self.taken))


class Holds(Watched):
    """What another dnsd hears of a withdrawal: of n3, in `sink`."""

    def setUp(self):
        super().setUp()
        self.put("n3")
        self.dnsd_of_all = self.serve(mode="plan", grace=f"{3 * harness.PATIENCE:g}s")
        self.sink = self.start(Sink())
        for name in ("n1", "n2", "n4"):
            self.node(self.dnsd_of_all, name)
        self.reporter = self.node([self.dnsd_of_all, self.sink], "n3")
        self.dnsd_of_all.wait_states(20, **{name: "alive" for name in ADDRESSES})
        self.wait_answers(self.dnsd_of_all, "n1", "n2", "n3")

    def readiness(self):
        """What n3 has told of the site, beat for beat: True, False, or None where it has not got it."""
        beats = self.sink.beats()
        sites = (hosted(beats[:at + 1]).get(SITE) for at in range(len(beats)))
        return [site and site["ready"] for site in sites]

    def contract(self):
        self.ctl("contract", SITE, "n3")
        harness.wait_until(lambda: self.readiness()[-1] is False, 20 * harness.PATIENCE,
                           "told as not ready", self.dnsd_of_all, self.sink)

    def wait_gone(self):
        harness.wait_until(lambda: self.readiness()[-1] is None, 60 * harness.PATIENCE, "gone",
                           self.dnsd_of_all, self.sink)
        told = self.readiness()
        return told[len(told) - told[::-1].index(True):]  # since it was last ready

    def test_a_hold_lasts_while_its_end_cannot_be_stored(self):
        self.contract()
        with self.full_disk(self.dnsd_of_all):
            self.wait(lambda: self.actions(phase="working"), "its grace has passed", self.dnsd_of_all)
            self.wait_rounds(self.dnsd_of_all)
            self.assertEqual(self.ran("n3"), [])
        self.wait_gone()
        told = self.readiness()
        out = told[told.index(False):]
        self.assertNotIn(True, out, "it was told as ready again")

    def test_a_new_configuration_of_the_reporter_begins_it_anew(self):
        self.contract()
        config = self.folder / "n3.yaml"
        config.write_text(config.read_text().replace("interval: 0", "interval: 1"))
        self.reporter.signal(signal.SIGHUP)
        harness.wait_until(lambda: len(self.sink.hellos()) == 2, 20 * harness.PATIENCE, "told anew",
                           self.reporter, self.sink)
        self.assertIn(False, self.wait_gone())
        self.assertIsNone(self.reporter.poll())
        self.assertEqual(self.ran("n3"), [f"withdraw {SITE}"])

    def test_after_a_restart_of_the_reporter_the_grace_begins_anew(self):
        self.contract()
        self.reporter.kill()
        self.reporter = self.node([self.dnsd_of_all, self.sink], "n3")
        harness.wait_until(lambda: len(self.sink.hellos()) == 2, 20 * harness.PATIENCE, "back", self.sink)
        since = self.wait_gone()
        # 15 beats fit into the grace; a busy machine leaves some out.
        self.assertGreaterEqual(since.count(False), 5)
        self.assertEqual(self.ran("n3"), [f"withdraw {SITE}"])


if __name__ == "__main__":
    harness.main()

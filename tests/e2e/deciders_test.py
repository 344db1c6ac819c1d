"""Several dnsd that all place sites by themselves: one decides, and all of them count."""
import threading

import harness
from placed import ADDRESSES, SITE, ZONE, Placed


class Deciders(Placed):
    """The reporters name dnsd "a" before "b"."""

    def setUp(self):
        super().setUp()
        self.both = [self.serve_as("a"), self.serve_as("b")]
        self.reporters = self.nodes(self.both)

    def serve_as(self, which, *arguments, grace="1s"):
        return self.dnsd(*arguments, zone=ZONE, config=self.config(which=which, grace=grace))

    def order(self, which, *words, fails=0):
        self.socket = self.folder / f"control{which}.sock"
        return self.ctl(*words, fails=fails)

    def placement_of(self, which):
        self.socket = self.folder / f"control{which}.sock"
        return self.placement()

    def contract(self, which, node):
        self.run_program("dnsdctl", "--socket", self.folder / f"control{which}.sock", "contract", SITE, node)

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
                phases = [phase for w in "ab" for _, _, phase in self.done(w)[:1]]
                self.assertIn("undone", phases)


if __name__ == "__main__":
    harness.main()

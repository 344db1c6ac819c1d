"""dnsd is killed at each step of an action: what was begun goes on under its number, no hook runs
twice, and no answer names a node that has not got the site. DNSD_TEST_KILLS: how many kills a kind
of action; each step once at least.
"""
import contextlib
import os
import signal

import harness
from placed import ADDRESSES, SITE
from placed_watch import Watched

KILLS = int(os.environ.get("DNSD_TEST_KILLS", "0"))

STEPS = ("not stored", "not told", "running", "finished")


@contextlib.contextmanager
def at(step, kill):
    """The first failure ends a test, and tells where it was."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"kill {kill}, {step}: {error}") from error


class Kills(Watched):
    def start_all(self, mode):
        self.mode = mode
        dnsd = self.again()
        self.port = dnsd.heartbeat[1]
        self.reporters = self.nodes(dnsd, keys=", retries: 0")
        self.wait_answers(dnsd, "n1", "n2")
        dnsd.stop()  # who there is, is stored: a dnsd that knows nobody answers with the whole pool
        self.watch(self.again())

    port = 0

    def again(self):
        # Reporters that are stopped for a while are not lost.
        self.serving = self.serve(mode=self.mode, port=self.port, grace="2s", repair_after="60s")
        return self.serving

    def in_hand(self):
        return next(iter(self.placement()["in_hand"]), None)

    def kill_at(self, step, node, order):
        """Begins an action by `order`, takes it to the step and kills dnsd there; what it was."""
        dnsd, reporter = self.serving, self.reporters[node]
        ran, did = len(self.ran(node)), len(self.told(node, "did"))
        if step == "not stored":
            with self.full_disk(dnsd):
                order()
                action = self.wait(lambda: self.placement()["store_error"] and self.in_hand(),
                                   "begun", dnsd)
                dnsd.kill()
            return action
        if step == "leaving":
            order()
            action = self.wait(self.in_hand, "begun", dnsd)
        elif step == "not told":
            reporter.signal(signal.SIGSTOP)
            order()
            action = self.wait(self.in_hand, "begun", dnsd)
        else:
            self.held().touch()
            order()
            self.wait(lambda: len(self.ran(node)) > ran, "its hook runs", dnsd)
            action = self.wait(self.in_hand, "it is told", dnsd)
            if step == "finished":
                dnsd.signal(signal.SIGSTOP)  # it hears no more
                self.held().unlink()
                self.wait(lambda: len(self.told(node, "did")) > did, "its hook is done", dnsd)
        dnsd.kill()
        reporter.signal(signal.SIGCONT)
        return action

    def go_on(self, action, node, runs):
        """A new dnsd takes the action up, and carries it to its end with one run of its hook."""
        dnsd = self.again()
        self.assertEqual([a["id"] for a in self.actions()], [action["id"]])
        self.held().unlink(missing_ok=True)
        self.wait(lambda: not self.in_hand(), "it ends", dnsd)
        ended = self.placement()["recent"][0]
        self.assertEqual((ended["id"], ended["phase"]), (action["id"], "done"), ended)
        self.assertEqual(len(self.ran(node)), runs + 1, self.ran(node))
        dnsd.wait_heard(*ADDRESSES)

    def kill_by_hand(self, verb, steps):
        self.start_all("plan")
        for kill in range(max(KILLS, len(steps))):
            step = steps[kill % len(steps)]
            with at(step, kill):
                self.to(verb == "contract")
                runs = len(self.ran("n3"))

                def order():
                    self.run_program("dnsdctl", "--socket", self.socket, verb, SITE, "n3")
                action = self.kill_at(step, "n3", order)
                if step == "not stored":
                    dnsd = self.again()
                    dnsd.wait_heard(*ADDRESSES)
                    self.wait_answers(dnsd, *self.havers())
                    self.assertEqual((self.actions(), len(self.ran("n3"))), ([], runs))
                    continue
                self.go_on(action, "n3", runs)
                self.assertEqual(self.has("n3"), verb == "expand")
                self.wait_answers(self.serving, *self.havers())

    def to(self, there):
        """n3 has the site, or not."""
        self.serving.wait_heard(*ADDRESSES)
        if self.has("n3") != there:
            self.ctl("expand" if there else "contract", SITE, "n3", "--wait", "--timeout", "60s")
        self.wait_answers(self.serving, *self.havers())

    def test_expand(self):
        self.kill_by_hand("expand", STEPS)

    def test_contract(self):
        self.kill_by_hand("contract", ("leaving", *STEPS))

    def test_update(self):
        self.start_all("auto")
        for kill in range(max(KILLS, len(STEPS))):
            step = STEPS[kill % len(STEPS)]
            with at(step, kill):
                runs, text = len(self.ran("n2")), f"news {kill}"
                self.serving.wait_heard(*ADDRESSES)

                def order():
                    self.put("n1", text)
                    (self.folder / "n1/www/.poke").touch()
                action = self.kill_at(step, "n2", order)
                self.assertEqual(action["kind"], "update")
                if step == "not stored":
                    self.again()
                    self.assertEqual(len(self.ran("n2")), runs)
                    self.wait(lambda: self.actions(phase="done"), "begun anew, and done", self.serving)
                    self.assertEqual(len(self.ran("n2")), runs + 1)
                else:
                    self.go_on(action, "n2", runs)
                self.assertEqual(self.text("n2"), text)

    def test_a_power_cut_of_dnsd_and_the_node_together(self):
        """The hook that was killed in mid-action is run once more."""
        self.start_all("plan")
        for verb in "expand", "contract":
            self.serving.wait_heard(*ADDRESSES)
            self.wait_answers(self.serving, *self.havers())
            self.held().touch()
            runs = len(self.ran("n3"))
            self.ctl(verb, SITE, "n3")
            self.wait(lambda: len(self.ran("n3")) > runs, "its hook runs", self.serving)
            action = self.wait(self.in_hand, "it is told", self.serving)
            self.serving.kill()
            self.cut("n3", self.reporters["n3"])
            self.held().unlink()
            dnsd = self.again()
            self.reporters["n3"] = self.node(dnsd, "n3", keys=", retries: 0")
            self.wait(lambda: not self.in_hand(), f"{verb} ends", dnsd)
            ended = self.placement()["recent"][0]
            self.assertEqual((ended["id"], ended["phase"]), (action["id"], "done"), ended)
            self.assertEqual(len(self.ran("n3")), runs + 2)
            self.assertEqual(self.has("n3"), verb == "expand")
        self.wait_answers(dnsd, *self.havers())


if __name__ == "__main__":
    harness.main()

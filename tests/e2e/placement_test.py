"""Sites expand and contract over real nodes: dnsd, reporters and hooks; nothing is lost when dnsd is
killed, as often as DNSD_TEST_KILLS says.
"""
import json
import os
import random
import threading
import time

import harness
from placed import ADDRESSES, SITE, Placed

KILLS = int(os.environ.get("DNSD_TEST_KILLS", "6"))


class ByHand(Placed):
    def test_a_site_is_made_on_a_node_and_withdrawn_again(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        (self.folder / "hold").touch()
        said = self.ctl("expand", SITE, "n3", "--reason", "a crowd is coming")
        self.assertIn(f"expand {SITE}. on n3: working", said)
        harness.wait_until(lambda: self.ran("n3"), 10 * harness.PATIENCE, "the hook runs", dnsd)
        self.assertEqual(set(dnsd.sample(SITE, 30)), {ADDRESSES["n1"], ADDRESSES["n2"]})
        (self.folder / "hold").unlink()
        self.wait_answers(dnsd, "n1", "n2", "n3")
        harness.wait_until(lambda: not self.placement()["in_hand"], 10 * harness.PATIENCE, "done", dnsd)
        done = self.placement()["recent"][0]
        self.assertEqual((done["kind"], done["node"], done["phase"], done["by_hand"], done["why"]),
                         ("expand", "n3", "done", True, "a crowd is coming"))
        self.assertEqual(self.ran("n3"), [f"instantiate {SITE}"])

        self.ctl("contract", SITE, "n3")
        self.wait_answers(dnsd, "n1", "n2")
        self.assertTrue(self.has("n3"), "it leaves the answers before it is withdrawn")
        harness.wait_until(lambda: not self.has("n3"), 10 * harness.PATIENCE, "withdrawn", dnsd)
        harness.wait_until(lambda: self.placement()["recent"][0]["kind"] == "contract",
                           10 * harness.PATIENCE, "done", dnsd)
        self.assertEqual(self.ran("n3"), [f"instantiate {SITE}", f"withdraw {SITE}"])
        events = json.loads(dnsd.get("/events.json"))["events"]
        said = [e["text"] for e in events if e["kind"] == "placement"]
        self.assertIn("expand by hand: a crowd is coming", said)
        self.assertIn("contract done", said)

    def test_what_cannot_be_is_refused_with_the_reason(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        for words, reason in (
                (("expand", SITE, "n9"), "no node is named 'n9'"),
                (("expand", "www.elsewhere", "n3"), "no zone has a pool for www.elsewhere."),
                (("expand", SITE, "n1"), f"node n1 hosts {SITE}."),
                (("contract", SITE, "n1"), f"node n1 is the home of {SITE}."),
                (("contract", SITE, "n2"), "1 other replicas"),
                (("unpin", SITE, "n1"), "is not pinned"),
                (("unfreeze", SITE), "is not frozen")):
            self.assertIn(reason, self.ctl(*words, fails=1), words)
        self.assertEqual(self.placement()["recent"], [])

    def test_without_placement_nothing_is_moved(self):
        dnsd = self.serve(mode="off")
        self.nodes(dnsd)
        self.assertIn("placement is off", self.ctl("expand", SITE, "n3", fails=1))
        self.assertIn("placement is off", self.ctl("placement"))

    def test_pins_and_freezes_outlive_a_restart(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        self.ctl("pin", SITE, "n2")
        self.ctl("freeze", SITE)
        dnsd.kill()  # at once: it was stored before dnsdctl returned
        self.serve(mode="plan")
        kept = self.placement()
        self.assertEqual(kept["pinned"], [{"site": SITE + ".", "node": "n2"}])
        self.assertEqual(kept["frozen"], [SITE + "."])

    def test_a_hook_that_fails_is_told_and_answers_stay(self):
        self.make.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd, keys=", retries: 0")
        said = self.ctl("expand", SITE, "n3", "--wait", "--timeout", "30s", fails=1)
        self.assertIn("failed", said)
        self.assertIn("no space left", said)
        self.assertEqual(set(dnsd.sample(SITE, 30)), {ADDRESSES["n1"], ADDRESSES["n2"]})


class Crowded(Placed):
    """The crowd is as the access logs and the load files tell it."""

    def crowd(self, rps, cpu):
        """Keeps the logs and the loads of all nodes that have the site going until the test ends."""
        stop = threading.Event()
        line = f'{SITE} 192.0.2.9 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 100 "-" "-"\n'

        def write():
            while not stop.wait(0.1):
                for node in filter(self.has, ADDRESSES):
                    self.load(node, cpu_utilization=cpu, cpus=1)
                    with open(self.folder / node / "access.log", "a", encoding="ascii") as log:
                        log.write(line * max(1, rps // 10))
        thread = threading.Thread(target=write)
        thread.start()

        def end():
            stop.set()
            thread.join()
        self.addCleanup(end)
        return end

    def test_a_crowded_site_expands_and_contracts_when_the_crowd_is_gone(self):
        dnsd = self.serve(", hold: 3s, contract: eager")
        self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        crowd = self.crowd(rps=100, cpu=0.95)
        self.wait_answers(dnsd, *ADDRESSES, seconds=40)
        harness.wait_until(lambda: self.placement()["recent"], 10 * harness.PATIENCE, "done", dnsd)
        why = self.placement()["recent"][-1]["why"]
        self.assertIn("CPUs expected", why)
        crowd()
        for node in ADDRESSES:
            self.load(node, cpu_utilization=0.05, cpus=1)
        harness.wait_until(lambda: sum(map(self.has, ADDRESSES)) == 2, 60 * harness.PATIENCE,
                           "two replicas are left", dnsd)
        self.assertTrue(self.has("n1"), "the home stays")

    def test_where_no_log_tells_the_answers_tell_what_a_site_is_asked_for(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        harness.wait_until(lambda: self.placement()["rounds"] >= 5, 20 * harness.PATIENCE,
                           "some rounds", dnsd)
        self.assertEqual(self.placement()["sites_looked_at"], 0)

        def is_seen():
            dnsd.sample(SITE, 50)
            return self.placement()["sites_looked_at"] == 1
        harness.wait_until(is_seen, 20 * harness.PATIENCE, "the site is looked at", dnsd)

    def test_planning_shows_what_it_would_do_and_apply_does_it(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        self.crowd(rps=100, cpu=0.95)
        harness.wait_until(lambda: json.loads(self.ctl("--json", "plan")), 30 * harness.PATIENCE,
                           "there is a plan", dnsd)
        self.assertIn("demand", self.ctl("plan"))
        self.assertEqual((self.ran("n3"), self.ran("n4")), ([], []))
        self.ctl("apply", "--wait", "--timeout", f"{30 * harness.PATIENCE:g}s")
        self.assertTrue(self.has("n3") or self.has("n4"))

    def test_a_dead_nodes_replica_is_made_elsewhere(self):
        dnsd = self.serve()
        reporters = self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        reporters["n2"].kill()
        harness.wait_until(lambda: self.has("n3") or self.has("n4"), 30 * harness.PATIENCE,
                           "a replica elsewhere", dnsd)
        harness.wait_until(lambda: self.placement()["recent"], 10 * harness.PATIENCE, "done", dnsd)
        self.assertEqual(self.placement()["recent"][0]["kind"], "expand")

    def test_a_drained_nodes_replica_is_made_elsewhere(self):
        dnsd = self.serve()
        self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        self.ctl("drain", "n2")
        harness.wait_until(lambda: self.has("n3") or self.has("n4"), 30 * harness.PATIENCE,
                           "a replica elsewhere", dnsd)


class Versions(Placed):
    def test_a_new_version_is_brought_to_the_replicas_and_until_then_the_home_alone_answers(self):
        dnsd = self.serve(", consistency: current")
        self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        (self.folder / "hold").touch()
        later = time.time() + 5
        self.put("n1", "news")
        os.utime(self.folder / "n1/www" / SITE / "index.html", (later, later))
        os.utime(self.folder / "n1/www" / SITE, (later, later))
        (self.folder / "n1/www/.poke").touch()
        self.wait_answers(dnsd, "n1", seconds=90)
        (self.folder / "hold").unlink()
        self.wait_answers(dnsd, "n1", "n2", seconds=90)
        self.assertEqual((self.folder / "n2/www" / SITE / "index.html").read_text(), "news")


    def test_replicas_that_are_looked_over_on_a_timer_follow_too(self):
        """How long a replica is behind, where it is told of a new version and where it looks."""
        verify = self.hook("look", '#!/bin/sh\n'
                           'exec cmp "$DNSD_SITES_DIR/../../n1/www/$2/index.html" "$DNSD_SITES_DIR/$2/index.html"\n')
        for told, more in ((True, ""), (False, ", updates: false, verify_every: 2s")):
            with self.subTest(told=told):
                dnsd = self.serve(more)
                reporters = self.nodes(dnsd, keys=f", verify: {verify}")
                self.wait_answers(dnsd, "n1", "n2")
                text = f"news, told {told}"
                self.put("n1", text)
                (self.folder / "n1/www/.poke").touch()
                begin = time.monotonic()
                copy = self.folder / "n2/www" / SITE / "index.html"
                harness.wait_until(lambda: copy.exists() and copy.read_text() == text,
                                   90 * harness.PATIENCE, "the replica follows", dnsd)
                print(f"the replica followed after {time.monotonic() - begin:.1f} s, "
                      f"{'told of the version' if told else 'looking every 2 s'}")
                for reporter in reporters.values():
                    reporter.stop()
                dnsd.stop()


class Killed(Placed):
    def test_a_dnsd_that_is_killed_at_any_moment_goes_on_where_it_was(self):
        """Expands and contracts n3 while dnsd is killed at random moments: every action ends, no
        hook runs for one that was done, and no answer names a node that has not got the site."""
        chance = random.Random(7)
        dnsd = self.serve(mode="plan")
        port = dnsd.heartbeat[1]
        self.nodes(dnsd)
        time.sleep(3.5)  # who there is, is stored; before, a new dnsd answers with the whole pool
        wants = True
        for _ in range(KILLS):
            self.wait_answers_from_hosts(dnsd)
            dnsd.wait_heard(*ADDRESSES)
            verb = "expand" if wants else "contract"
            self.ctl(verb, SITE, "n3")
            time.sleep(chance.uniform(0, 1.5))
            dnsd.kill()
            dnsd = self.serve(mode="plan", port=port)
            # The order was acknowledged before it was on the disk, perhaps; what was begun is not lost.
            self.settle(dnsd)
            if self.has("n3") == wants:
                wants = not wants
        counted = self.ran("n3")
        for first, second in zip(counted, counted[1:]):
            self.assertNotEqual(first, second, f"a hook ran twice: {counted}")

    def wait_answers_from_hosts(self, dnsd):
        harness.wait_until(
            lambda: set(dnsd.sample(SITE, 10)) <= {ADDRESSES[n] for n in ADDRESSES if self.has(n)},
            20 * harness.PATIENCE, "answers name hosts", dnsd)

    def settle(self, dnsd):
        """Until nothing is in hand; meanwhile no answer names a node without the site."""
        def is_settled():
            had = {ADDRESSES[n] for n in ADDRESSES if self.has(n)}
            given = set(dnsd.sample(SITE, 5))
            has = {ADDRESSES[n] for n in ADDRESSES if self.has(n)}
            self.assertLessEqual(given, had | has)
            return not self.placement()["in_hand"]
        harness.wait_until(is_settled, 60 * harness.PATIENCE, "all actions are over", dnsd)


if __name__ == "__main__":
    harness.main()

"""placement.db fails while dnsd runs, is damaged, or is not for this dnsd."""
import sqlite3

import harness
from placed import ADDRESSES, SITE, ZONE
from placed_watch import Watched


class Store(Watched):
    def database(self):
        return self.folder / "state" / "placement.db"

    def order(self, error, verb, node):
        """It is taken, with a warning."""
        done = self.run_program("dnsdctl", "--socket", self.socket, verb, SITE, node)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("it is begun once it is stored, which it is not: ", done.stderr)
        self.assertIn(error, done.stderr)

    def test_while_it_cannot_be_written_nothing_is_begun_and_then_all_goes_on_by_itself(self):
        dnsd = self.serve()
        reporters = self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        self.watch(dnsd)
        with self.full_disk(dnsd):
            self.die("n2", reporters["n2"], dnsd)
            error = self.wait(lambda: self.placement()["store_error"], "it is told", dnsd)
            self.assertIn(f"{self.database()}: ", error)
            self.assertIn("File too large", error)
            self.assertIn("dnsd_placement_store_working 0", dnsd.get("/metrics"))
            self.assertIn(f"cannot store placement, no action is begun until it can be: {error}",
                          dnsd.log())
            self.assertIn(f"nothing is begun: cannot store it: {error}", self.ctl("placement"))
            self.order(error, "expand", "n4" if self.actions(node="n3") else "n3")
            self.wait_rounds(dnsd, 6)
            self.assertEqual(len(self.actions()), 2, "a repair, and what was ordered")
            self.assertEqual((self.ran("n3"), self.ran("n4")), ([], []))
            self.wait_answers(dnsd, "n1")
        self.wait_answers(dnsd, "n1", "n3", "n4")
        self.wait(lambda: len(self.actions(phase="done")) == 2, "both are done", dnsd)
        self.assertEqual(self.placement()["store_error"], "")
        self.assertIn("dnsd_placement_store_working 1", dnsd.get("/metrics"))
        self.assertIn("placement is stored again", dnsd.log())
        for node in ("n3", "n4"):
            self.assertEqual(self.ran(node), [f"instantiate {SITE}"])

    def test_a_withdrawal_that_cannot_be_stored_is_not_begun(self):
        self.put("n3")
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2", "n3")
        self.watch(dnsd)
        with self.full_disk(dnsd):
            self.order("File too large", "contract", "n3")
            self.wait_answers(dnsd, "n1", "n2")
            self.wait_rounds(dnsd)
            self.assertTrue(self.actions(phase="leaving"))
            self.assertEqual(self.ran("n3"), [])
        self.wait(lambda: self.actions(phase="done"), "done", dnsd)
        self.assertEqual(self.ran("n3"), [f"withdraw {SITE}"])

    def test_a_damaged_one_is_set_aside_and_what_was_under_way_is_broken_off(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        self.held().touch()
        self.ctl("expand", SITE, "n3")
        self.wait(lambda: self.ran("n3"), "its hook runs", dnsd)
        before = self.actions()[0]["id"]
        port = dnsd.heartbeat[1]
        dnsd.stop()
        content = self.database().read_bytes()
        self.database().write_bytes(content[:4096] + b"x" * (len(content) - 4096))
        dnsd = self.serve(mode="plan", port=port)
        self.watch(dnsd)
        aside = [p for p in self.database().parent.iterdir() if "placement.db.damaged-" in p.name]
        self.assertTrue(aside)
        self.assertIn(f"{self.database()}: cannot be used", dnsd.log())
        self.assertEqual(self.actions(), [])
        dnsd.wait_heard(*ADDRESSES)
        self.wait(lambda: len(self.ran("n3")) == 2, "it is broken off", dnsd)
        self.held().unlink()
        self.wait(lambda: not (self.folder / "n3/www" / SITE).exists(), "half of it is dropped", dnsd)
        self.wait_answers(dnsd, "n1", "n2")
        self.ctl("expand", SITE, "n3")
        self.assertGreater(self.actions()[0]["id"], before)
        self.wait_answers(dnsd, "n1", "n2", "n3")

    def refused(self, reason):
        with self.assertRaises(AssertionError) as refusal:
            self.dnsd(zone=ZONE, config=self.config())
        self.processes = [p for p in self.processes if p.poll() is None]
        self.assertIn("ended with 1", str(refusal.exception))
        self.assertIn(f"{self.database()}: {reason}", str(refusal.exception))

    def test_one_of_a_newer_dnsd_is_left_alone(self):
        self.serve().stop()
        with sqlite3.connect(self.database()) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
        self.refused("its tables are of version 99, this dnsd reads 1")
        database = sqlite3.connect(self.database())
        self.assertEqual(database.execute("PRAGMA user_version").fetchone(), (99,))
        database.close()

    def test_one_that_another_process_holds_is_refused(self):
        self.serve().stop()
        database = sqlite3.connect(self.database(), isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        self.refused("in use by another process")
        database.close()
        self.serve()


if __name__ == "__main__":
    harness.main()

"""The history of nodes and sites: what it tells, and what becomes of it when the disk does not take it."""
import json
import os
import re
import subprocess
import unittest
import urllib.error

import controlled
import harness
from controlled import FAST, ZONE, A, B

CONFIG = FAST + "history: {interval: 1s, keep: 1h}\n"
LONG = 30 * harness.PATIENCE


class History(controlled.TestCase):
    def start_server(self, state=None, config=CONFIG):
        arguments = ("--state-dir", state) if state else ()
        self.server = self.controlled(*arguments, zone=ZONE, config=config)

    def fleet(self, state=None):
        self.start_server(state or self.folder / "state")
        self.reporter(self.server, "web1", A, load={"cpu_utilization": 0.25})
        self.reporter(self.server, "web2", B, load={"cpu_utilization": 0.5})
        self.server.wait_heard("web1", "web2")

    def history(self, whom):
        return json.loads(self.ctl("--json", "history", whom))

    def wait_samples(self, whom, count, state="alive"):
        def enough():
            samples = self.history(whom)["samples"]
            return sum(s["state"] == state for s in samples) >= count
        harness.wait_until(enough, LONG, f"{count} samples of {whom} {state}", self.server)

    def metric(self, name):
        return float(re.search(rf"(?m)^{name} (\S+)$", self.server.get("/metrics"))[1])

    def test_a_node_has_its_loads_states_and_events(self):
        self.fleet()
        self.wait_samples("web1", 2)
        self.ctl("drain", "web1", "--reason", "new disk")
        self.wait_samples("web1", 1, "draining")
        told = self.history("web1")
        self.assertEqual(told["kind"], "node")
        self.assertEqual({s["node"] for s in told["samples"]}, {"web1"})
        self.assertEqual(told["samples"][-1]["cpu_utilization"], 0.25)
        self.assertIn("drain: new disk", [e["text"] for e in told["events"]])
        text = self.ctl("history", "web1", "--since", "10m")
        self.assertRegex(text, r"(?m)^\S+Z +web1 +draining +25 ")
        self.assertRegex(text, r"node web1 drain: new disk\n")

    def test_a_site_has_its_nodes_and_its_orders(self):
        self.fleet()
        self.ctl("drain", "www.lb.example", "--reason", "moved")
        self.wait_samples("www.lb.example", 2)
        harness.wait_until(lambda: self.history("www.lb.example")["events"], LONG, "the order",
                           self.server)
        told = self.history("www.lb.example")
        self.assertEqual((told["kind"], told["nodes"]), ("site", ["web1", "web2"]))
        self.assertEqual({s["node"] for s in told["samples"]}, {"web1", "web2"})
        self.assertIn("drain: moved", [e["text"] for e in told["events"]])
        page = json.loads(self.server.get("/history.json?of=www.lb.example&seconds=600"))
        self.assertEqual(page["subject"], "www.lb.example.")

    def test_it_outlives_a_restart(self):
        self.fleet()
        self.wait_samples("web1", 2)
        before = len(self.history("web1")["samples"])
        self.server.stop()
        self.start_server(self.folder / "state")
        told = self.history("web1")
        self.assertGreaterEqual(len(told["samples"]), before)
        self.assertEqual(told["events"][0]["kind"], "state")

    def test_who_is_nobody_and_a_server_without_history_are_told(self):
        self.fleet()
        self.assertIn("wanted the name of one node or one site", self.ctl("history", "x", fails=1))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.server.get("/history.json?of=nobody")
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()
        self.server.stop()
        self.start_server()
        self.assertIn("no state_dir", self.ctl("history", "web1", fails=1))
        self.assertNotIn("dnsd_history_working", self.server.get("/metrics"))

    def test_a_full_disk_is_told_once_and_harms_no_query(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can mount a small disk")
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "dnsd-test", disk],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise unittest.SkipTest("no disk can be mounted here: " + mounted.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=False)
        self.fleet(disk)
        self.wait_samples("web1", 1)
        self.assertEqual(self.metric("dnsd_history_working"), 1)
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass  # full
        harness.wait_until(lambda: self.metric("dnsd_history_working") == 0, 4 * LONG,
                           "the history is not written", self.server)
        failed = self.metric("dnsd_history_failed_writes_total")
        harness.wait_until(lambda: self.metric("dnsd_history_failed_writes_total") > failed + 1,
                           LONG, "it fails again", self.server)
        self.server.wait_for("www.lb.example", [A, B])
        self.assertEqual(self.server.log().count("cannot write the history"), 1)
        self.assertIn("full", self.server.status()["history"]["error"])
        os.remove(disk / "filler")
        harness.wait_until(lambda: self.metric("dnsd_history_working") == 1, 4 * LONG,
                           "the history is written again", self.server)
        self.assertIn("the history is written again", self.server.log())

    def test_a_file_that_was_damaged_is_kept_aside_and_a_new_one_begun(self):
        self.fleet()
        self.wait_samples("web1", 3)
        self.server.stop()
        path = self.folder / "state" / "history.db"
        with open(path, "r+b") as file:
            file.seek(4096)
            file.write(b"x" * (path.stat().st_size - 4096))
        self.fleet()
        self.wait_samples("web1", 1)
        self.assertTrue(path.with_name("history.db.damaged").exists())
        self.assertRegex(self.server.log(), r"warning: .*history\.db.*begun anew")

    def test_a_disk_that_cannot_be_written_is_told_and_harms_no_query(self):
        self.fleet()
        self.wait_samples("web1", 1)
        self.server.stop()
        path = self.folder / "state" / "history.db"
        for words in (["--bind", path, path], ["-o", "remount,bind,ro", path]):
            mounted = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
            if mounted.returncode != 0:
                raise unittest.SkipTest("nothing can be mounted here: " + mounted.stderr)
            self.addCleanup(subprocess.run, ["umount", "-l", str(path)], check=False,
                            capture_output=True)
        self.fleet()
        harness.wait_until(lambda: self.metric("dnsd_history_working") == 0, LONG,
                           "the history is not written", self.server)
        self.assertRegex(self.server.status()["history"]["error"], r"history\.db: .*read-?only")
        self.server.wait_for("www.lb.example", [A, B])
        self.assertEqual(self.ctl("drain", "web1"), "web1\n")

    def test_a_folder_where_the_file_cannot_be_made_is_told_and_harms_no_query(self):
        state = self.folder / "state"
        (state / "history.db").mkdir(parents=True)  # a folder where the file belongs
        self.fleet(state)
        harness.wait_until(lambda: self.metric("dnsd_history_working") == 0, LONG,
                           "the history is not written", self.server)
        self.server.wait_for("www.lb.example", [A, B])
        self.assertIn("history.db", self.server.status()["history"]["error"])
        self.assertIn("history.db", self.ctl("history", "web1", fails=1))


if __name__ == "__main__":
    harness.main()

"""What dnsd remembers over a restart, and what it does with what it cannot know."""
import contextlib
import sqlite3
import time

import harness

HEAD = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
"""
ZONE = HEAD + "".join(f"{name} 0 A 127.0.1.{i}\n" for name in ("www", "*.hosting") for i in (1, 2, 3))
FAST = "heartbeat: {warm_up: 0s}\n"
IDLE, BUSY = {"cpu_utilization": 0.05}, {"cpu_utilization": 0.85}


class Restart(harness.TestCase):
    def run_once(self, end):
        """A first life in which n2 is the cheapest and n1 alone hosts the shop; then `end`."""
        state = ("--state-dir", self.folder / "state")
        server = self.dnsd(*state, zone=ZONE, config=FAST)
        for i, load, sites in ((1, BUSY, ("www.lb.example", "shop.hosting.lb.example")),
                               (2, IDLE, ("www.lb.example",)), (3, BUSY, ("www.lb.example",))):
            self.reporter(server, f"n{i}", f"127.0.1.{i}", load=load, arguments=("--sites", *sites))
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5)
        server.wait_for("shop.hosting.lb.example", ["127.0.1.1"], count=5)
        end(server)
        for process in self.processes[1:]:
            process.kill()  # so that the second life hears nobody
        return self.dnsd(*state, zone=ZONE, config=FAST)

    def test_the_first_answers_after_a_restart_are_right(self):
        server = self.run_once(lambda s: s.stop())
        self.assertEqual(server.answers("www.lb.example"), ["127.0.1.2"])
        self.assertEqual(server.answers("shop.hosting.lb.example"), ["127.0.1.1"])

    def test_and_so_they_are_after_a_crash(self):
        def crash(server):
            time.sleep(3.5)  # what is stored is three seconds old at most
            server.kill()
        server = self.run_once(crash)
        self.assertEqual(server.answers("www.lb.example"), ["127.0.1.2"])
        self.assertEqual(server.answers("shop.hosting.lb.example"), ["127.0.1.1"])

    def test_reporters_find_a_restarted_dnsd_again(self):
        port = harness.free_port()
        arguments = ("--heartbeat-listen", f"127.0.0.1:{port}")
        server = self.dnsd(*arguments, zone=ZONE, config=FAST)
        self.reporter(server, "n1", "127.0.1.1", load=BUSY)
        self.reporter(server, "n2", "127.0.1.2", load=IDLE)
        self.reporter(server, "n3", "127.0.1.3", load=BUSY)
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5)
        server.stop()
        server = self.dnsd(*arguments, zone=ZONE, config=FAST)
        server.wait_for("www.lb.example", ["127.0.1.2"], count=5, seconds=15)

    def test_what_a_newer_dnsd_stored_counts_and_is_not_lost(self):
        def upgrade(server):
            server.stop()
            with contextlib.closing(sqlite3.connect(path)) as state, state:
                state.execute("PRAGMA user_version = 99")
                state.execute("CREATE TABLE replicas (site TEXT)")
        path = self.folder / "state" / "state.db"
        server = self.run_once(upgrade)
        self.assertEqual(server.answers("www.lb.example"), ["127.0.1.2"])
        self.assertEqual(server.answers("shop.hosting.lb.example"), ["127.0.1.1"])
        said = "its tables are of version 99"
        self.assertIn(said, server.log())
        self.assertIn(said, server.status()["fleet"]["state_store_error"])
        server.stop()
        with contextlib.closing(sqlite3.connect(path)) as state:
            self.assertEqual(state.execute("PRAGMA user_version").fetchone(), (99,))
            self.assertEqual(state.execute("SELECT count(*) FROM nodes").fetchone(), (3,))
            state.execute("SELECT * FROM replicas")
        self.assertEqual([p.name for p in path.parent.glob("*damaged*")], [])

    def test_a_state_directory_that_cannot_be_written_is_said(self):
        blocked = self.write("blocked", "a file where a directory should be")
        path = self.write("lb.zone", ZONE)
        done = self.run_program("dnsd", "--listen", "127.0.0.1:0", "--zone", f"lb.example={path}",
                                "--heartbeat-listen", "127.0.0.1:0", "--state-dir",
                                blocked / "state")
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(blocked), done.stderr)


if __name__ == "__main__":
    harness.main()

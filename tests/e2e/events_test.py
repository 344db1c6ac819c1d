"""What happened, as /events.json and `dnsdctl watch` tell it."""
import json
import re
import subprocess
import threading
import urllib.error

import controlled
import harness
from controlled import FAST, ZONE, A, B

LONG = 20 * harness.PATIENCE


class Events(controlled.TestCase):
    def server(self):
        return self.controlled(zone=ZONE, config=FAST)

    def fleet(self):
        server = self.server()
        for name, address in (("web1", A), ("web2", B)):
            self.reporter(server, name, address)
        server.wait_heard("web1", "web2")
        return server

    def watch(self, *words):
        """A running `dnsdctl watch`."""
        watch = subprocess.Popen([harness.BUILD / "dnsdctl", "--socket", self.socket, "watch",
                                  *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(watch.stderr.close)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait, LONG)
        self.addCleanup(watch.kill)
        return watch

    @staticmethod
    def lines_of(watch):
        """A list that gets each line as it is said, and how to look for one in it: on a busy machine
        events of other kinds come between, as of a node that is late."""
        lines = []

        def read():
            for line in watch.stdout:
                lines.append(line)
        threading.Thread(target=read, daemon=True).start()

        def wait_for(holds, what, seconds=LONG):
            return harness.wait_until(lambda: next(filter(holds, list(lines)), None), seconds, what)
        return wait_for

    @staticmethod
    def events(server, since=0):
        return json.loads(server.get(f"/events.json?since={since}"))

    def test_a_dead_node_a_drain_and_a_reload_are_told_once_and_logged(self):
        server = self.fleet()
        start = self.events(server)["events"][0]
        self.assertEqual((start["kind"], start["node"]), ("start", None))
        self.assertRegex(start["text"], r"^dnsd \S+ serves 1 zone, 1 site$")
        before = self.events(server)["last"]
        self.processes[2].kill()
        server.wait_states(web2="dead", seconds=20)
        self.ctl("drain", "web1", "--reason", "new disk")
        self.ctl("reload")
        told = self.events(server, before)["events"]
        self.assertEqual([e["sequence"] for e in told],
                         list(range(before + 1, before + 1 + len(told))))
        lines = [f"node {e['node']}: {e['text']}" if e["node"] else e["text"] for e in told]
        for line in lines:
            self.assertIn(line, server.log())
        self.assertEqual([e["state"] for e in told if e["node"] == "web2"][-1], "dead")
        self.assertEqual(lines.count("node web1: drain: new disk"), 1)
        # A node may be late at any time; nothing else happens.
        others = [e for e in told if e["kind"] != "state"]
        self.assertEqual([e["kind"] for e in others], ["order", "reload"])
        self.assertEqual(others[-1]["text"], "reloaded: 1 zone, 1 site")
        self.assertNotIn(told[-1], self.events(server, told[-1]["sequence"])["events"])

    def test_a_failed_reload_is_told_with_its_faults(self):
        server = self.server()
        path = self.folder / "lb.example.zone"
        path.write_text(ZONE + "broken 0 A 192.0.2.400\n")
        done = self.run_program("dnsdctl", "--socket", self.socket, "reload")
        self.assertEqual(done.returncode, 1)
        told = self.events(server)["events"][-1]
        self.assertEqual((told["kind"], told["gravity"]), ("reload", "error"))
        self.assertIn(f"{path}:7", told["text"])

    def test_a_number_that_is_none_is_refused(self):
        server = self.server()
        for query in ("since=x", "since=-1", "since=1x"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                server.get(f"/events.json?{query}")
            self.assertEqual(refused.exception.code, 400, query)
            self.assertIn("wanted", refused.exception.read().decode())
            refused.exception.close()

    def test_watch_shows_what_was_and_then_what_is(self):
        self.fleet()
        watch = self.watch("--json", "-n", "1000")
        self.assertEqual(json.loads(watch.stdout.readline())["kind"], "start")
        wait_for = self.lines_of(watch)
        self.ctl("disable", "web2", "--reason", "corrupt")
        event = json.loads(wait_for(lambda line: json.loads(line)["kind"] == "order", "the order"))
        self.assertEqual((event["node"], event["text"]), ("web2", "disable: corrupt"))

    def test_watch_for_people_has_a_line_an_event_and_none_of_the_past_with_0(self):
        server = self.fleet()
        wait_for = self.lines_of(self.watch("--past", "0"))
        drained = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z (warning )?node web1 drain: ")

        def is_drain(line):
            self.assertNotIn(" serves ", line)  # the start is over
            return drained.match(line)

        def is_seen():
            # The first orders may come before the watch does.
            self.ctl("drain", "web1", "--reason", "now")
            self.ctl("undrain", "web1")
            try:
                return wait_for(is_drain, "an order", 0.2)
            except AssertionError:
                return None
        harness.wait_until(is_seen, LONG, "the order is shown", server)

    def test_watch_ends_with_its_reader_and_with_dnsd(self):
        server = self.fleet()
        first, second = self.watch(), self.watch()
        for watch in (first, second):
            watch.stdout.readline()
        first.stdout.close()
        self.ctl("drain", "web1")
        self.assertEqual(first.wait(LONG), 0)
        server.stop()
        self.assertEqual(second.wait(LONG), 1)
        self.assertIn("dnsdctl: ", second.stderr.read())

    def test_too_many_watchers_are_told_so_and_commands_go_on(self):
        self.server()
        watching = [self.watch() for _ in range(8)]
        for watch in watching:
            watch.stdout.readline()
        done = self.run_program("dnsdctl", "--socket", self.socket, "watch")
        self.assertEqual(done.returncode, 1)
        self.assertIn("8 watch already", done.stderr)
        self.ctl("status")


if __name__ == "__main__":
    harness.main()

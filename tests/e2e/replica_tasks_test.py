"""Tasks for replicas, carried out by a real reporter through hooks that do well, fail, hang and lie."""
import base64
import json
import os
import pathlib
import signal
import socket
import time
import urllib.error
import urllib.request

import harness
from reporter_test import PATIENCE, Sink, WebServer, hosted

# Makes a site whole: in a dotfolder, then renamed.
MAKE = """#!/bin/sh
mkdir -p "$DNSD_SITES_DIR/.incoming/$2"
echo "$DNSD_ACTION $*; from $DNSD_SOURCES at $DNSD_SOURCE_ADDRESSES; $DNSD_VERSION $DNSD_BYTES" \\
  > "$DNSD_SITES_DIR/.incoming/$2/index.html"
mv "$DNSD_SITES_DIR/.incoming/$2" "$DNSD_SITES_DIR/$2"
echo "$1 $2" >> "$DNSD_SITES_DIR/.ran"
"""
DROP = """#!/bin/sh
echo "$1 $2" >> "$DNSD_SITES_DIR/.ran"
rm -rf "$DNSD_SITES_DIR/$2" "$DNSD_SITES_DIR/.incoming/$2"
"""


def task(number, kind, site, sources=(), **more):
    return {"id": number, "kind": kind, "site": site,
            "sources": [{"node": n, "addresses": [base64.b64encode(socket.inet_aton(a)).decode()]}
                        for n, a in sources], **more}


class Replicas(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.sites = self.folder / "www"
        self.sites.mkdir()
        self.go = self.folder / "go"  # hooks that wait, wait for it

    def hook(self, name, text):
        path = self.write(name, text)
        path.chmod(0o755)
        return path

    def config(self, *sinks, more="", **keys):
        """A configuration whose replicas: has these keys beside two hooks that do well."""
        replicas = {"instantiate": self.hook("make", MAKE), "withdraw": self.hook("drop", DROP),
                    "retries": 0, **keys}
        ports = ", ".join(f"'127.0.0.1:{s.port}'" for s in sinks)
        return self.write("r.yaml", f"node: n1\naddresses: 127.0.1.1\ndnsd: [{ports}]\n"
                          f"interval: 200ms\nsites_dir: {self.sites}\n{more}replicas:\n" +
                          "".join(f"  {k}: {json.dumps(str(v)) if isinstance(v, (str, pathlib.Path)) else json.dumps(v)}\n"
                                  for k, v in replicas.items() if v is not None))

    def reporter_with(self, *sinks, more="", **keys):
        return self.restart(self.config(*sinks, more=more, **keys))

    def restart(self, config):
        return self.start(harness.Process("reporter",
                                          [harness.BUILD / "reporter", "--config", config]))

    def sink(self, port=0):
        return self.start(Sink(port))

    def tell(self, sink, *tasks, **more):
        sink.order("tasks " + json.dumps({"tasks": tasks, **more}))

    @staticmethod
    def reports(sink):
        """The reports of the last heartbeat, by id."""
        beats = sink.beats()
        return {int(t["id"]): t for t in beats[-1]["tasks"]} if beats else {}

    def wait_phase(self, sink, number, phase, seconds=60):
        def reached():
            report = self.reports(sink).get(number)
            return report if report and report["phase"] == phase else None
        try:
            return harness.wait_until(reached, seconds * PATIENCE, "", sink)
        except AssertionError as error:
            raise AssertionError(f"task {number} is not {phase}: {self.reports(sink)}; "
                                 f"{error}") from None

    def wait_site(self, sink, site, holds, what, seconds=60):
        return harness.wait_until(
            lambda: holds(hosted(sink.beats()).get(site)), seconds * PATIENCE,
            f"{site}: {what}", sink)

    def ran(self):
        path = self.sites / ".ran"
        return path.read_text().splitlines() if path.exists() else []

    def record(self, site):
        path = self.sites / ".dnsd" / f"{site}.json"
        return json.loads(path.read_text()) if path.exists() else None

    # ---- what goes well ----

    def test_a_site_is_made_and_dropped_by_the_hooks(self):
        sink = self.sink()
        self.reporter_with(sink)
        self.tell(sink, task(7, "INSTANTIATE", "a.example.", [("n2", "127.0.1.2"), ("n3", "127.0.1.3")],
                             bytes=40))
        report = self.wait_phase(sink, 7, "DONE")
        self.assertEqual(report["attempts"], 1)
        text = (self.sites / "a.example" / "index.html").read_text()
        self.assertEqual(text, "instantiate instantiate a.example n2 n3; from n2 n3 at 127.0.1.2 "
                               "127.0.1.3; 0 40\n")
        site = self.wait_site(sink, "a.example", lambda s: s and s["ready"] and s, "ready")
        self.assertFalse(site["home"])
        done = next(i for i, b in enumerate(sink.beats())
                    if any(t["phase"] == "DONE" for t in b["tasks"]))
        self.assertTrue(hosted(sink.beats()[:done + 1])["a.example"]["ready"],
                        "it is ready no later than the task is done")
        self.tell(sink, task(8, "WITHDRAW", "a.example."))
        self.wait_phase(sink, 8, "DONE")
        self.assertNotIn(7, self.reports(sink), "what is not named is forgotten")
        self.assertFalse((self.sites / "a.example").exists())
        self.wait_site(sink, "a.example", lambda s: s is None, "gone")
        states = [s["ready"] for b in sink.beats() for s in (b.get("hosting") or {}).get("sites", [])]
        self.assertFalse(states[-1], "told as not ready before it is dropped")
        self.assertIsNone(self.record("a.example"))

    def test_a_hook_may_exchange_a_replica_with_its_next_version_at_once(self):
        site = self.sites / "a.example"
        site.mkdir()
        (site / "index.html").write_text("old")
        for path in (site / "index.html", site):
            os.utime(path, (1e9, 1e9))
        sink = self.sink()
        self.reporter_with(sink, instantiate=(
            "cd $DNSD_SITES_DIR; mkdir .new; echo new > .new/index.html; "
            '"$DNSD_REPORTER" exchange .new $2; cat .new/index.html'))
        self.tell(sink, task(1, "INSTANTIATE", "a.example.", content_version=int(1.5e12)))
        self.assertEqual(self.wait_phase(sink, 1, "DONE")["detail"], "old")
        self.assertEqual((site / "index.html").read_text(), "new\n")

    def test_what_is_there_already_is_done_at_once(self):
        (self.sites / "a.example").mkdir()
        sink = self.sink()
        self.reporter_with(sink)
        self.tell(sink, task(1, "INSTANTIATE", "a.example."), task(2, "WITHDRAW", "b.example."),
                  task(3, "VERIFY", "a.example."), task(4, "VERIFY", "c.example."))
        for number in (1, 2, 3):
            self.wait_phase(sink, number, "DONE")
        self.assertIn("not here", self.wait_phase(sink, 4, "FAILED")["detail"])
        self.assertEqual(self.ran(), [])

    def test_verify_is_asked_before_a_replica_is_made_anew(self):
        site = self.sites / "a.example"
        site.mkdir()
        (site / "index.html").write_text("half")
        sink = self.sink()
        self.reporter_with(sink, verify="grep -q from $DNSD_SITES_DIR/$2/index.html",
                           instantiate="rm -r $DNSD_SITES_DIR/$2; " + str(self.hook("make", MAKE)) +
                           ' "$@"')
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, 1, "DONE")
        self.assertEqual(self.ran(), ["instantiate a.example"])
        self.tell(sink, task(2, "INSTANTIATE", "a.example."), task(3, "VERIFY", "a.example."))
        self.wait_phase(sink, 2, "DONE")
        self.wait_phase(sink, 3, "DONE")
        self.assertEqual(self.ran(), ["instantiate a.example"], "it was whole")
        (site / "index.html").write_text("half again")
        self.tell(sink, task(4, "VERIFY", "a.example."))
        self.wait_phase(sink, 4, "FAILED")
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "not ready")

    def verdicts(self, sink, **keys):
        """A reporter whose verify hook exits with what the file `verdict` has, and which has brought
        a.example."""
        self.write("verdict", "0")
        self.reporter_with(sink, verify=f"exit $(cat {self.folder}/verdict)", **keys)
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, 1, "DONE")
        return len(sink.beats())

    @staticmethod
    def told_ready(sink, after):
        return [s["ready"] for b in sink.beats()[after:]
                for s in (b.get("hosting") or {}).get("sites", []) if s["name"] == "a.example"]

    def test_a_replica_that_is_behind_its_source_answers_until_it_is_brought_up_to_date(self):
        sink = self.sink()
        make = self.hook("make-anew", MAKE.replace("\nmv ", '\nrm -rf "$DNSD_SITES_DIR/$2"\nmv '))
        begun = self.verdicts(sink, instantiate=make)
        self.write("verdict", "10")
        self.tell(sink, task(2, "VERIFY", "a.example."))
        report = self.wait_phase(sink, 2, "FAILED")
        self.assertIn("newer version", report["detail"])
        self.assertEqual(report["attempts"], 1)
        self.tell(sink, task(3, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, 3, "DONE")
        self.assertEqual(self.ran(), ["instantiate a.example"] * 2)
        self.assertNotIn(False, self.told_ready(sink, begun))

    def test_what_cannot_be_told_of_a_replica_changes_nothing(self):
        sink = self.sink()
        begun = self.verdicts(sink)
        self.write("verdict", "75")
        self.tell(sink, task(2, "VERIFY", "a.example."), task(3, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, 2, "DONE")
        self.wait_phase(sink, 3, "DONE")
        self.assertNotIn(False, self.told_ready(sink, begun))
        self.write("verdict", "1")
        self.tell(sink, task(4, "VERIFY", "a.example."))
        self.wait_phase(sink, 4, "FAILED")
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "not ready")
        self.write("verdict", "75")
        begun = len(sink.beats())
        self.tell(sink, task(5, "VERIFY", "a.example."))
        self.assertIn("cannot be told", self.wait_phase(sink, 5, "FAILED")["detail"])
        self.assertNotIn(True, self.told_ready(sink, begun), "not well for want of a source")
        self.write("verdict", "0")
        self.tell(sink, task(6, "VERIFY", "a.example."))
        self.wait_phase(sink, 6, "DONE")
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready: it was compared")
        self.assertEqual(self.ran(), ["instantiate a.example"])

    def test_a_replica_found_not_whole_that_cannot_be_made_anew_is_not_ready_again(self):
        sink = self.sink()
        make = self.hook("make", MAKE)
        begun = self.verdicts(sink, instantiate=f'test -e {self.folder}/gone && exit 1; {make} "$@"')
        self.write("verdict", "1")
        self.write("gone", "")
        self.tell(sink, task(2, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, 2, "FAILED")
        self.wait_site(sink, "a.example", lambda s: s is None, "withdrawn")
        told = self.told_ready(sink, begun)
        self.assertNotIn(True, told[told.index(False):])

    def test_two_dnsd_that_want_the_same_get_it_once(self):
        first, second = self.sink(), self.sink()
        self.reporter_with(first, second)
        for sink in (first, second):
            sink.wait_beat(lambda b: True, 60, "a hello")
            self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        for sink in (first, second):
            self.wait_phase(sink, 1, "DONE")
        self.assertEqual(self.ran(), ["instantiate a.example"])

    def test_no_more_hooks_at_once_than_allowed(self):
        sink = self.sink()
        self.reporter_with(sink, at_once=2, instantiate=(
            f"echo b >> {self.folder}/log; while ! test -e {self.go}; do sleep 0.05; done; "
            f"mkdir $DNSD_SITES_DIR/$DNSD_SITE"))
        self.tell(sink, *(task(n, "INSTANTIATE", f"s{n}.example.") for n in range(1, 6)))
        self.wait_phase(sink, 2, "RUNNING")
        harness.wait_until(lambda: (self.folder / "log").exists() and
                           (self.folder / "log").read_text().count("b") == 2,
                           60 * PATIENCE, "two run", sink)
        self.assertEqual([self.reports(sink)[n]["phase"] for n in range(1, 6)],
                         ["RUNNING"] * 2 + ["WAITING"] * 3)
        self.go.touch()
        for number in range(1, 6):
            self.wait_phase(sink, number, "DONE")

    def test_a_site_is_ready_when_its_health_check_has_succeeded(self):
        web, sink = WebServer(), self.sink()
        web.status = 500
        self.reporter_with(sink, more="site_health: {check: 'http://127.0.0.1:%d/{site}', "
                           "interval: 200ms}\n" % web.port)
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "in the folder, not ready")
        harness.wait_until(lambda: len(web.hosts) > 2, 60 * PATIENCE, "checks", sink)
        self.assertEqual(self.reports(sink)[1]["phase"], "RUNNING")
        web.status = 200
        self.wait_phase(sink, 1, "DONE")
        self.wait_site(sink, "a.example", lambda s: s["ready"] and s["healthy"], "ready")
        web.stop()

    def test_content_that_is_made_here_is_told_and_never_withdrawn(self):
        (self.sites / "a.home.example").mkdir()
        sink = self.sink()
        self.reporter_with(sink, home=["*.home.example"])
        self.wait_site(sink, "a.home.example", lambda s: s and s["home"], "is home")
        self.tell(sink, task(1, "WITHDRAW", "a.home.example."),
                  task(2, "INSTANTIATE", "a.home.example."))
        self.assertIn("made here", self.wait_phase(sink, 1, "FAILED")["detail"])
        self.wait_phase(sink, 2, "DONE")
        self.assertEqual(self.ran(), [])
        self.assertTrue((self.sites / "a.home.example").exists())

    def test_names_that_are_no_sites_reach_no_shell(self):
        sink = self.sink()
        reporter = self.reporter_with(sink)
        for number, name in enumerate(["$(touch x).example.", "a b.example.", "../a.", "-rf.", "",
                                       "a/../../b.example."], 1):
            self.tell(sink, task(number, "INSTANTIATE", name))
            self.assertIn("no name", self.wait_phase(sink, number, "FAILED")["detail"])
        self.tell(sink, task(9, "INSTANTIATE", "a.example.", [("$(reboot)", "127.0.1.2")]))
        self.wait_phase(sink, 9, "DONE")
        self.assertIn("from - at 127.0.1.2", (self.sites / "a.example" / "index.html").read_text())
        self.assertIsNone(reporter.poll())

    # ---- room ----

    def test_no_more_than_the_quota_is_taken(self):
        (self.sites / "mine.example").mkdir()
        (self.sites / "mine.example" / "x").write_text("x" * 4000)
        sink = self.sink()
        self.reporter_with(sink, quota="10kB",
                           instantiate="mkdir $DNSD_SITES_DIR/$2; head -c 9000 /dev/zero > $DNSD_SITES_DIR/$2/x")
        self.tell(sink, task(1, "INSTANTIATE", "a.example.", bytes=6001))
        self.assertIn("quota", self.wait_phase(sink, 1, "FAILED")["detail"])
        self.assertFalse((self.sites / "a.example").exists())
        self.tell(sink, task(2, "INSTANTIATE", "b.example."))  # of unknown size
        self.assertIn("quota", self.wait_phase(sink, 2, "FAILED")["detail"])
        harness.wait_until(lambda: not (self.sites / "b.example").exists(), 60 * PATIENCE,
                           "dropped again", sink)
        ready = [s["ready"] for b in sink.beats() for s in (b.get("hosting") or {}).get("sites", [])
                 if s["name"] == "b.example"]
        self.assertNotIn(True, ready)
        self.tell(sink, task(3, "INSTANTIATE", "c.example.", bytes=10**18))
        self.wait_phase(sink, 3, "FAILED")
        storage = sink.beats()[0]["storage"]
        self.assertEqual((storage["takes_replicas"], storage["quota_bytes"], storage["used_bytes"]),
                         (True, "10000", "4000"))
        self.assertGreater(int(storage["free_bytes"]), 0)

    def test_the_least_recently_used_makes_room(self):
        sink = self.sink()
        log = self.write("access.log", "")
        fill = "mkdir $DNSD_SITES_DIR/$2; head -c 4000 /dev/zero > $DNSD_SITES_DIR/$2/x"
        config = self.config(sink, quota="10kB", evict=True, instantiate=fill, home=["h.example"],
                             more=f"access_logs: [{{path: {log}, format: vhost_combined}}]\n")
        (self.sites / "h.example").mkdir()
        (self.sites / "h.example" / "x").write_text("x" * 1000)
        reporter = self.restart(config)
        tasks = [task(n, "INSTANTIATE", f"{s}.example.", bytes=4000) for n, s in ((1, "a"), (2, "b"))]
        self.tell(sink, *tasks)
        self.wait_phase(sink, 1, "DONE")
        self.wait_phase(sink, 2, "DONE")
        self.assertEqual(reporter.stop(), 0)
        for site, age in (("a", 2000), ("b", 1000)):
            then = time.time() - age
            os.utime(self.sites / ".dnsd" / f"{site}.example.json", (then, then))
        self.restart(config)
        harness.wait_until(lambda: len(sink.hellos()) == 2, 60 * PATIENCE, "the second life", sink)

        def asked():
            with open(log, "a", encoding="ascii") as lines:
                lines.write('a.example:80 192.0.2.9 - - [22/Nov/2026:11:00:00 +0000] "GET / '
                            'HTTP/1.1" 200 5 "-" "x"\n' * 20)
            return any(s["name"] == "a.example" and s["rps"] > 0
                       for b in sink.beats() for s in (b.get("demand") or {}).get("sites", []))
        harness.wait_until(asked, 60 * PATIENCE, "a.example is asked for", sink)
        third = task(3, "INSTANTIATE", "c.example.", bytes=4000)
        self.tell(sink, *tasks, third)  # and nobody lets it drop anything
        self.assertIn("what can be done without is not enough", self.wait_phase(sink, 3, "FAILED")["detail"])
        third["id"] = 4
        self.tell(sink, *tasks, third, decides=True, may_drop=["a.example.", "b.example."])
        self.wait_phase(sink, 4, "DONE")
        self.assertEqual(sorted(p.name for p in self.sites.iterdir() if p.name[0] != "."),
                         ["a.example", "c.example", "h.example"])
        self.assertIn("withdraw b.example", self.ran())
        self.wait_site(sink, "b.example", lambda s: s is None, "told as gone")
        harness.wait_until(lambda: any((b.get("storage") or {}).get("evictions") == "1"
                                       for b in sink.beats()), 60 * PATIENCE, "counted", sink)

    def test_what_is_to_make_room_is_told_first_and_stays_if_it_is_wanted_again(self):
        sink = self.sink()
        fill = "mkdir $DNSD_SITES_DIR/$2; head -c 4000 /dev/zero > $DNSD_SITES_DIR/$2/x"
        self.reporter_with(sink, quota="6kB", evict=True, instantiate=fill)
        first = task(1, "INSTANTIATE", "a.example.", bytes=4000)
        self.tell(sink, first)
        self.wait_phase(sink, 1, "DONE")
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready")
        second = task(2, "INSTANTIATE", "b.example.", bytes=4000)
        free = {"decides": True, "may_drop": ["a.example."], "grace_ms": 3_600_000}
        self.tell(sink, first, second, **free)
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "not ready")
        self.assertEqual(self.reports(sink)[2]["phase"], "WAITING")
        self.tell(sink, first, second, decides=True)
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready again")
        self.wait_phase(sink, 2, "FAILED")
        self.assertEqual(self.ran(), [])
        second["id"] = 3
        self.tell(sink, first, second, **{**free, "grace_ms": 300})
        self.wait_phase(sink, 3, "DONE")
        self.assertEqual(self.ran(), ["withdraw a.example"])

    def test_what_is_held_is_told_as_not_ready_and_stays(self):
        sink = self.sink()
        (self.sites / "a.example").mkdir()
        (self.sites / "h.example").mkdir()
        self.reporter_with(sink, home=["h.example"])
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready")
        held = task(1, "WITHDRAW", "a.example.", held=True)
        self.tell(sink, held, task(2, "WITHDRAW", "h.example.", held=True),
                  task(3, "WITHDRAW", "none.example.", held=True))
        told = self.wait_site(sink, "a.example", lambda s: s if s and not s["ready"] else None, "not ready")
        self.assertEqual(told["detail"], "it is about to be withdrawn")
        self.wait_phase(sink, 1, "WAITING")
        self.assertIn("made here", self.wait_phase(sink, 2, "FAILED")["detail"])
        self.wait_phase(sink, 3, "DONE")
        self.tell(sink)  # taken back
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready again")
        self.tell(sink, held)
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "not ready")
        self.assertEqual(self.ran(), [])
        self.tell(sink, {**held, "held": False})
        self.wait_phase(sink, 1, "DONE")
        self.assertEqual(self.ran(), ["withdraw a.example"])

    def test_what_is_held_is_forgotten_with_the_stream_of_who_holds_it(self):
        one, other = self.sink(), self.sink()
        (self.sites / "a.example").mkdir()
        self.reporter_with(one, other)
        self.tell(one, task(1, "WITHDRAW", "a.example.", held=True))
        self.wait_site(other, "a.example", lambda s: s and not s["ready"], "not ready")
        one.stop()
        self.wait_site(other, "a.example", lambda s: s and s["ready"], "ready again")
        self.assertEqual(self.ran(), [])

    def test_the_first_of_the_dnsd_that_decide_is_named(self):
        one, other = self.sink(), self.sink()
        self.reporter_with(one, other)

        def names(sink):
            beats = sink.beats()
            return bool(beats) and beats[-1]["names_decider"]
        self.tell(other, decides=True)
        harness.wait_until(lambda: names(other), 60 * PATIENCE, "the only one is named", other)
        self.tell(one, decides=True)
        harness.wait_until(lambda: names(one) and not names(other), 60 * PATIENCE,
                           "the first is named", one, other)
        one.stop()
        harness.wait_until(lambda: names(other), 60 * PATIENCE, "the one that is left is named", other)

    # ---- lazily ----

    def get(self, port, host, path="/x?y=1"):
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=60 * PATIENCE) as answer:
                return answer.status, dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers)

    def test_lazily_the_first_request_makes_a_replica(self):
        port, sink = harness.free_port(), self.sink()
        make = (f"echo b >> {self.folder}/log; while ! test -e {self.go}; do sleep 0.05; done; "
                "mkdir $DNSD_SITES_DIR/$DNSD_SITE; echo $DNSD_SOURCES > $DNSD_SITES_DIR/$DNSD_SITE/x")
        config = self.config(sink, instantiate=make, lazy=True, fallback=f"127.0.0.1:{port}")
        reporter = self.restart(config)
        wanted = task(1, "INSTANTIATE", "a.example.", [("n2", "127.0.1.2")], bytes=99,
                      content_version=17)
        self.tell(sink, wanted, task(2, "INSTANTIATE", "b.example."))
        self.wait_phase(sink, 1, "DONE")
        self.wait_phase(sink, 2, "DONE")
        site = self.wait_site(sink, "a.example", lambda s: s, "recorded")
        self.assertEqual((site["ready"], site["bytes"], site["content_version"]), (True, "0", "17"))
        self.assertEqual(self.get(port, "nobody.example")[0], 404)
        self.assertEqual(self.get(port, "../a.example")[0], 404)
        self.assertFalse((self.folder / "log").exists())
        status, headers = self.get(port, "A.example:80")
        self.assertEqual((status, headers["Retry-After"]), (503, "2"))
        self.assertEqual(self.get(port, "a.example")[0], 503)
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "not ready meanwhile")
        harness.wait_until((self.folder / "log").exists, 60 * PATIENCE, "the hook runs", sink)
        reporter.kill()
        self.restart(config)  # what was recorded still is
        harness.wait_until(lambda: len(sink.hellos()) == 2, 60 * PATIENCE, "the second life", sink)
        self.assertTrue(sink.hellos()[1]["state"]["hosting"]["sites"][0]["ready"])
        self.assertEqual(self.get(port, "a.example")[0], 503)
        self.go.touch()
        self.wait_site(sink, "a.example", lambda s: s["ready"] and int(s["bytes"]) > 0, "ready")
        self.assertEqual((self.sites / "a.example" / "x").read_text(), "n2\n")
        self.tell(sink, task(3, "WITHDRAW", "b.example."), wanted)
        self.wait_phase(sink, 3, "DONE")
        self.wait_site(sink, "b.example", lambda s: s is None, "forgotten")
        self.assertEqual(self.ran(), [], "nothing of it was there to be withdrawn")

    def test_requests_meanwhile_may_be_sent_to_the_source(self):
        port, sink = harness.free_port(), self.sink()
        self.reporter_with(sink, instantiate=f"while ! test -e {self.go}; do sleep 0.05; done",
                           lazy=True, fallback=f"127.0.0.1:{port}",
                           redirect="http://{address}:8080/{site}")
        self.tell(sink, task(1, "INSTANTIATE", "a.example.", [("n2", "127.0.1.2")]))
        self.wait_phase(sink, 1, "DONE")
        status, headers = self.get(port, "a.example")
        self.assertEqual((status, headers["Location"]), (307, "http://127.0.1.2:8080/a.example/x?y=1"))

    # ---- what goes wrong ----

    def test_a_hook_that_fails_is_retried_and_its_last_words_are_told(self):
        sink = self.sink()
        reporter = self.reporter_with(sink, retries=1, instantiate=(
            "echo begun; mkdir -p $DNSD_SITES_DIR/$2; echo 'no route to n2' >&2; exit 7"))
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        report = self.wait_phase(sink, 1, "FAILED", 90)
        self.assertEqual(report["attempts"], 2)
        self.assertIn("exit status 7", report["detail"])
        self.assertIn("no route to n2", report["detail"])
        self.assertIn("    begun\n    no route to n2\n", reporter.log())
        ready = [s["ready"] for b in sink.beats() for s in (b.get("hosting") or {}).get("sites", [])]
        self.assertNotIn(True, ready, "half of a site is never ready")
        harness.wait_until(lambda: not (self.sites / "a.example").exists(), 60 * PATIENCE,
                           "what tasks alone have brought is cleaned up", sink)
        self.assertEqual(self.ran(), ["withdraw a.example"])

    def test_an_update_that_touches_nothing_leaves_the_replica_ready(self):
        (self.sites / "a.example").mkdir()
        (self.sites / "a.example" / "index.html").write_text("1")
        sink = self.sink()
        self.reporter_with(sink, instantiate="exit 1")
        self.tell(sink, task(1, "INSTANTIATE", "a.example.", content_version=int(3e12)))
        self.wait_phase(sink, 1, "FAILED")
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready as before")
        self.assertEqual(self.ran(), [])

    def test_a_hook_that_hangs_is_killed_with_all_that_it_began(self):
        sink = self.sink()
        self.reporter_with(sink, timeout="1s",
                           instantiate=f"sleep 1000 & echo $! > {self.folder}/pid; wait")
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.assertIn("no end within 1s", self.wait_phase(sink, 1, "FAILED")["detail"])
        pid = int((self.folder / "pid").read_text())
        harness.wait_until(lambda: not alive(pid), 60 * PATIENCE, "its child is dead")

    def test_a_hook_that_lies_is_found_out(self):
        (self.sites / "b.example").mkdir()
        (self.sites / "b.example" / "index.html").write_text("1")
        sink = self.sink()
        self.reporter_with(sink, instantiate="true", withdraw="true")
        self.tell(sink, task(1, "INSTANTIATE", "a.example."), task(2, "WITHDRAW", "b.example."))
        self.assertIn("not in the folder", self.wait_phase(sink, 1, "FAILED")["detail"])
        self.assertIn("still in the folder", self.wait_phase(sink, 2, "FAILED")["detail"])

    def test_a_task_that_is_not_named_any_more_is_broken_off(self):
        sink = self.sink()
        self.reporter_with(sink, instantiate=(
            f"mkdir -p $DNSD_SITES_DIR/$2; sleep 1000 & echo $! > {self.folder}/pid; wait"))
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        harness.wait_until(lambda: (self.folder / "pid").exists() and
                           (self.folder / "pid").read_text(), 60 * PATIENCE, "it runs", sink)
        self.tell(sink, task(2, "WITHDRAW", "b.example."))
        pid = int((self.folder / "pid").read_text())
        harness.wait_until(lambda: not alive(pid), 60 * PATIENCE, "it is killed", sink)
        harness.wait_until(lambda: not (self.sites / "a.example").exists(), 60 * PATIENCE,
                           "cleaned up", sink)
        self.wait_phase(sink, 2, "DONE")
        self.assertEqual(list(self.reports(sink)), [2])

    def test_a_lost_connection_breaks_nothing_off(self):
        sink = self.sink()
        self.reporter_with(sink, instantiate=(
            f"echo b >> {self.folder}/log; while ! test -e {self.go}; do sleep 0.05; done; "
            f"mkdir $DNSD_SITES_DIR/$DNSD_SITE"))
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, 1, "RUNNING")
        sink.popen.kill()
        sink.popen.wait()
        again = self.sink(sink.port)
        self.tell(again, task(1, "INSTANTIATE", "a.example."))
        self.wait_phase(again, 1, "RUNNING")
        self.assertEqual(again.hellos()[0]["state"]["tasks"][0]["phase"], "RUNNING")
        self.go.touch()
        self.assertEqual(self.wait_phase(again, 1, "DONE")["attempts"], 1)
        self.assertEqual((self.folder / "log").read_text(), "b\n")

    def test_a_reporter_killed_in_mid_task_tells_the_truth_and_doubles_nothing(self):
        sink = self.sink()
        # Not whole while it is copied in its place, and two at once would be seen.
        config = self.config(sink, instantiate=(
            f"mkdir {self.folder}/alone || echo two >> {self.folder}/log; "
            f"mkdir -p $DNSD_SITES_DIR/$2; echo b >> {self.folder}/log; "
            f"while ! test -e {self.go}; do sleep 0.05; done; rmdir {self.folder}/alone"))
        reporter = self.restart(config)
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.wait_site(sink, "a.example", lambda s: s and not s["ready"], "half made")
        reporter.kill()
        seen = len(sink.lines())
        self.restart(config)
        harness.wait_until(lambda: len(sink.hellos()) == 2, 60 * PATIENCE, "the second life", sink)
        site = sink.hellos()[1]["state"]["hosting"]["sites"][0]
        self.assertEqual((site["name"], site["ready"]), ("a.example", False))
        harness.wait_until(lambda: "has not ended" in self.reports(sink).get(1, {}).get("detail", ""),
                           60 * PATIENCE, "it waits for the hook of its former life", sink)
        self.assertGreater(len(sink.lines()), seen)
        self.go.touch()
        self.wait_phase(sink, 1, "DONE")
        self.wait_site(sink, "a.example", lambda s: s["ready"], "ready")
        self.assertEqual((self.folder / "log").read_text(), "b\nb\n", "one after the other")

    def check_that_an_orphan_is_ended(self, **hooks):
        """The first run of a hook hangs, and its reporter is killed; the next life frees the site."""
        (self.sites / "a.example").mkdir()
        (self.sites / "a.example" / "index.html").write_text("old")
        for path in ("a.example/index.html", "a.example"):
            os.utime(self.sites / path, (1e9, 1e9))
        sink = self.sink()
        config = self.config(sink, timeout=f"{3 * PATIENCE:g}s", retries=9, **hooks)
        reporter = self.restart(config)
        self.tell(sink, task(1, "INSTANTIATE", "a.example.", content_version=int(1.5e12)))
        hung = self.folder / "hung"
        harness.wait_until(lambda: hung.exists() and hung.read_text().endswith("\n"), 60 * PATIENCE,
                           "it hangs", sink)
        reporter.kill()
        pid = int(hung.read_text())
        self.assertTrue(alive(pid))
        self.restart(config)
        harness.wait_until(lambda: "has not ended" in self.reports(sink).get(1, {}).get("detail", ""),
                           60 * PATIENCE, "it waits for the hook of its former life", sink)
        harness.wait_until(lambda: not alive(pid), 60 * PATIENCE, "it is killed", sink)
        self.wait_phase(sink, 1, "DONE", 120)

    # Sleeps with the lock in another descriptor, so that the shell's end does not end it.
    def hang_once(self, then):
        return (f"if ! test -e {self.folder}/hung; then exec 7>&3 3>&-; sleep 1000 & "
                f"echo $! > {self.folder}/hung; wait; fi; {then}")

    def test_an_update_that_hangs_without_its_reporter_does_not_hold_the_site_for_ever(self):
        self.check_that_an_orphan_is_ended(
            instantiate=self.hang_once("touch $DNSD_SITES_DIR/$2/index.html"))

    def test_a_look_that_hangs_without_its_reporter_does_not_hold_the_site_for_ever(self):
        self.check_that_an_orphan_is_ended(
            instantiate="touch $DNSD_SITES_DIR/$2/index.html", verify=self.hang_once("true"))

    def test_what_a_killed_reporter_has_half_made_is_dropped_once_nobody_wants_it(self):
        first, second = self.sink(), self.sink()
        config = self.config(first, second, instantiate=self.hook("hold", f"""#!/bin/sh
echo $$ > {self.folder}/pid
mkdir "$DNSD_SITES_DIR/$2"; echo half > "$DNSD_SITES_DIR/$2/index.html"
while ! test -e {self.go}; do sleep 0.05; done
"""))
        reporter = self.restart(config)
        self.tell(first, task(1, "INSTANTIATE", "a.example."))
        harness.wait_until((self.sites / "a.example/index.html").exists, 20 * PATIENCE, "half", first)
        reporter.kill()
        os.killpg(os.getpgid(int((self.folder / "pid").read_text())), signal.SIGKILL)
        self.restart(config)
        self.tell(first)
        self.wait_site(first, "a.example", lambda s: s and not s["ready"], "told as not ready")
        self.assertEqual(self.ran(), [], "the other dnsd may want it yet")
        self.tell(second)
        self.wait_site(first, "a.example", lambda s: not s, "gone")
        self.assertEqual(self.ran(), ["withdraw a.example"])
        self.assertIsNone(self.record("a.example"))

    def test_a_reporter_killed_at_any_moment_never_tells_half_a_site_as_ready(self):
        """A site is made and dropped, slowly and in its place, again and again; each life of the
        reporter is killed at another phase of it. What it told last, and what the next one tells
        first, is compared with the folder."""
        sink, site = self.sink(), self.sites / "a.example"
        whole, part, slow = site / "whole", site / "part", self.folder / "slow"
        wait = f"while [ -e {slow} ]; do sleep 0.05; done; "
        alone = f"mkdir {self.folder}/alone || echo two >> {self.folder}/log; cd $DNSD_SITES_DIR; "
        config = self.config(sink, retries=99, instantiate=(
            alone + "mkdir -p $2; for i in 1 2 3 4; do echo $i >> $2/part; sleep 0.1; done; " + wait +
            f"touch $2/whole; sleep 0.5; rmdir {self.folder}/alone"), withdraw=(
                alone + "sleep 0.3; rm -f $2/whole; sleep 0.2; " + wait + "rm -rf $2; "
                f"rmdir {self.folder}/alone"))
        state = {"task": 0, "wants": False}  # whether the site is wanted

        def phase():
            return self.reports(sink).get(state["task"], {}).get("phase")

        def told_ready():
            told = hosted(sink.beats()).get("a.example")
            return bool(told and told["ready"])
        moments = {
            "begun": lambda: True,
            "told as running": lambda: phase() == "RUNNING",
            "half of it here": lambda: part.exists() and not whole.exists(),
            "whole, and not told": lambda: whole.exists() and phase() == "RUNNING",
            "told as done": lambda: phase() == "DONE"}
        struck = dict.fromkeys(moments, 0)
        for life in range(1, 26):
            if state["task"] == 0 or phase() == "DONE":
                state = {"task": life, "wants": not state["wants"]}
                kind = "INSTANTIATE" if state["wants"] else "WITHDRAW"
                self.tell(sink, task(life, kind, "a.example."))
            name = list(moments)[life % len(moments)]
            # A hook goes on when its reporter is killed, also on a busy machine: not past the half.
            if name in ("told as running", "half of it here"):
                slow.touch()
            was_whole = whole.exists()
            reporter = self.restart(config)
            harness.wait_until(lambda: len(sink.hellos()) == life, 60 * PATIENCE, "it lives", sink)
            first = sink.hellos()[-1]["state"]["hosting"]["sites"]
            self.assertTrue(was_whole or whole.exists() or not any(s["ready"] for s in first),
                            f"life {life} begins with what is not so: {first}")
            harness.wait_until(lambda: moments[name]() or phase() == "DONE", 60 * PATIENCE, name,
                               sink)
            struck[name] += moments[name]()
            reporter.kill()
            if name == "half of it here":
                slow.unlink()
            harness.wait_until(lambda: sum("ended" in line for line in sink.lines()) == life,
                               60 * PATIENCE, "all that it told is here", sink)
            self.assertTrue(whole.exists() or not told_ready(), f"life {life}, {name}")
        self.assertFalse([name for name, times in struck.items() if times == 0], struck)
        self.restart(config)
        last = 99
        self.tell(sink, task(last, "INSTANTIATE", "a.example."))
        self.wait_phase(sink, last, "DONE")
        self.wait_site(sink, "a.example", lambda s: s and s["ready"], "ready in the end", 90)
        self.assertTrue(whole.exists())
        self.assertFalse((self.folder / "log").exists(), "two hooks of a site at a time")

    def test_a_hook_killed_by_another_counts_as_failed(self):
        sink = self.sink()
        self.reporter_with(sink, instantiate="kill -9 $$")
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.assertIn("killed by signal 9", self.wait_phase(sink, 1, "FAILED")["detail"])

    def test_a_reporter_without_hooks_takes_no_task(self):
        sink = self.sink()
        self.reporter_with(sink, instantiate=None, withdraw=None, retries=None, home=["x.example"])
        self.tell(sink, task(1, "INSTANTIATE", "a.example."))
        self.assertIn("no hooks", self.wait_phase(sink, 1, "FAILED")["detail"])
        self.assertFalse(sink.beats()[0]["storage"]["takes_replicas"])

    def test_contradictions_are_told_with_their_file(self):
        sink = self.sink()
        config = self.config(sink, withdraw=None, evict=True, quota="twenty", lazy=True)
        done = self.run_program("reporter", "check", "--config", config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("wanted octets, as", done.stdout)
        config = self.config(sink, withdraw=None, evict=True, lazy=True)
        done = self.run_program("reporter", "check", "--config", config)
        for part in ("both `instantiate` and `withdraw`", "`evict` wants a `quota`",
                     "both `lazy` and `fallback`"):
            self.assertIn(part, done.stdout)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    harness.main()

"""The reporter against a sink that shows each message: what it says, when, and when it comes back."""
import base64
import http.server
import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

import harness

PATIENCE = harness.PATIENCE


class Sink:
    """tests/e2e/heartbeat_sink.cc: a dnsd that only listens."""
    name = "heartbeat_sink"

    def __init__(self, port=0, address="127.0.0.1", wrap=lambda command: command):
        """`wrap` makes of the command the one that is run."""
        self.file = tempfile.NamedTemporaryFile(prefix="sink-", suffix=".log")
        self.popen = subprocess.Popen(wrap([harness.BUILD / "heartbeat_sink", f"{address}:{port}"]),
                                      stdin=subprocess.PIPE, stdout=self.file,
                                      stderr=subprocess.STDOUT, text=True)
        harness.wait_until(lambda: self.lines(), 10 * PATIENCE, "the sink listens", self)
        self.port = self.lines()[0]["port"]
        self.heartbeat = (address, self.port)  # as of a dnsd

    def poll(self):
        return self.popen.poll()

    def log(self):
        return pathlib.Path(self.file.name).read_text()

    def lines(self):
        return [json.loads(line) for line in self.log().splitlines(True) if line.endswith("\n")]

    def order(self, text):
        self.popen.stdin.write(text + "\n")
        self.popen.stdin.flush()

    def stop(self):
        try:
            self.popen.stdin.close()
        except BrokenPipeError:
            pass
        if self.poll() is None:
            try:
                self.popen.wait(5 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        return self.poll()

    def hellos(self):
        return [line["hello"] for line in self.lines() if "hello" in line]

    def beats(self):
        """Every heartbeat so far, the hellos' states included."""
        found = []
        for line in self.lines():
            if "hello" in line:
                found.append(line["hello"]["state"])
            elif "heartbeat" in line:
                found.append(line["heartbeat"])
        return found

    def wait_beat(self, holds, seconds, what, after=0):
        """The first heartbeat past the first `after` for which `holds` is true."""
        return harness.wait_until(lambda: next((b for b in self.beats()[after:] if holds(b)), None),
                                  seconds * PATIENCE, what, self)


class LoadedReporter(harness.Process):
    """A reporter of node n1 with a load file beside what the kernel says."""

    def __init__(self, folder, arguments, load):
        self.load_file = folder / "load.json"
        self.set_load(**load)
        super().__init__("reporter", [
            harness.BUILD / "reporter", "--node", "n1", "--address", "127.0.1.1", "--load-source",
            f"file:{self.load_file}", *arguments])

    def set_load(self, **metrics):
        """Replaces the load file whole: the reporter never reads half of one."""
        fresh = self.load_file.with_suffix(".new")
        fresh.write_text(json.dumps(metrics))
        fresh.rename(self.load_file)


class WebServer:
    """A server on a port of 127.0.0.1 that answers every GET with `status`."""

    def __init__(self, port=0):
        outer = self
        self.status = 200
        self.hosts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.hosts.append((self.headers["Host"], self.path))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def hosted(beats):
    """The sites known after these heartbeats, as dnsd would know them."""
    sites = {}
    for beat in beats:
        hosting = beat.get("hosting")
        if not hosting:
            continue
        if hosting["kind"] in ("FULL", "ALL"):
            sites = {}
        sites.update({s["name"]: s for s in hosting["sites"]})
        for name in hosting["removed"]:
            sites.pop(name, None)
    return sites


class ReporterTest(harness.TestCase):
    def sink(self, port=0):
        return self.start(Sink(port))

    def reporter_to(self, *sinks, arguments=(), interval="1s", load=None):
        dnsd = [a for s in sinks for a in ("--dnsd", f"127.0.0.1:{s.port}")]
        return self.start(LoadedReporter(self.folder, [*dnsd, "--interval", interval, *arguments],
                                         load or {"cpu_utilization": 0.1}))

    def test_hello_says_who_the_node_is_and_its_whole_state(self):
        sink = self.sink()
        self.reporter_to(sink, load={"cpu_utilization": 0.25, "rps": 7, "queue": 3})
        sink.wait_beat(lambda b: True, 5, "a hello")
        hello = sink.hellos()[0]
        self.assertEqual(hello["node"], "n1")
        self.assertEqual([base64.b64decode(a) for a in hello["addresses"]], [bytes([127, 0, 1, 1])])
        self.assertEqual(hello["interval_ms"], 1000)
        self.assertNotEqual(hello["boot_id"], "0")
        load = hello["state"]["load"]
        self.assertEqual(load["cpu_utilization"], 0.25)
        self.assertEqual(load["rps"], 7)
        self.assertEqual(load["named_metrics"]["queue"], 3)
        self.assertGreater(load["memory_total_bytes"], 0)  # the kernel's
        self.assertGreater(load["cpus"], 0)
        self.assertEqual(hello["state"]["hosting"]["kind"], "ALL")
        self.assertTrue(hello["state"]["node_health"]["healthy"])

    def test_heartbeats_come_at_the_interval_and_count_up(self):
        sink = self.sink()
        self.reporter_to(sink, interval="200ms")
        sink.wait_beat(lambda b: True, 5, "a hello")
        before = len(sink.beats())
        time.sleep(2)
        count = len(sink.beats()) - before
        self.assertGreaterEqual(count, 7)
        self.assertLessEqual(count, 12)
        sequences = [int(b["sequence"]) for b in sink.beats()]
        self.assertEqual(sequences, list(range(1, len(sequences) + 1)))

    def test_a_jump_of_the_load_is_told_out_of_turn(self):
        sink = self.sink()
        reporter = self.reporter_to(sink, interval="30s", load={"cpu_utilization": 0.1})
        sink.wait_beat(lambda b: True, 5, "a hello")
        start = time.monotonic()
        reporter.set_load(cpu_utilization=0.29)
        time.sleep(0.7)
        self.assertEqual(len(sink.beats()), 1, "0.19 is no jump")
        reporter.set_load(cpu_utilization=0.30)
        beat = sink.wait_beat(lambda b: b["load"]["cpu_utilization"] == 0.30, 1, "an early beat")
        self.assertEqual(beat["sequence"], "2")
        self.assertLess(time.monotonic() - start, 10)

    def test_early_reports_come_at_most_five_times_a_second(self):
        sink = self.sink()
        reporter = self.reporter_to(sink, interval="30s")
        sink.wait_beat(lambda b: True, 5, "a hello")
        for i in range(100):
            reporter.set_load(cpu_utilization=i % 2)
            time.sleep(0.02)
        self.assertLessEqual(len(sink.beats()), 1 + 12)
        self.assertGreaterEqual(len(sink.beats()), 3)

    def test_a_broken_load_file_leaves_the_last_good_values(self):
        sink = self.sink()
        reporter = self.reporter_to(sink, interval="200ms", load={"cpu_utilization": 0.4})
        sink.wait_beat(lambda b: True, 5, "a hello")
        reporter.load_file.write_text('{"cpu_utilization": 0.')
        harness.wait_until(lambda: "not valid JSON" in reporter.log(), 2 * PATIENCE, "a warning")
        time.sleep(0.5)
        self.assertEqual(sink.beats()[-1]["load"]["cpu_utilization"], 0.4)
        self.assertEqual(reporter.log().count("not valid JSON"), 1)
        reporter.set_load(cpu_utilization=75)
        harness.wait_until(lambda: "found 75" in reporter.log(), 2 * PATIENCE, "a warning")
        sink.wait_beat(lambda b: b["load"]["cpu_utilization"] != 0.4, 2, "the kernel's value")

    def test_a_command_may_be_the_load_source(self):
        sink = self.sink()
        self.start(harness.Process("reporter", [
            harness.BUILD / "reporter", "--node", "n1", "--address", "127.0.1.1", "--dnsd",
            f"127.0.0.1:{sink.port}", "--no-kernel-load", "--load-source",
            """exec:echo '{"cpu_utilization": 0.5, "sps": 2}'"""]))
        beat = sink.wait_beat(lambda b: True, 5, "a hello")
        self.assertEqual(beat["load"], {"cpu_utilization": 0.5, "sps": 2, "named_metrics": {}})

    def test_a_stopped_web_server_is_told_within_a_second_and_a_half(self):
        web = WebServer()
        sink = self.sink()
        self.reporter_to(sink, interval="30s",
                         arguments=("--health", f"http://127.0.0.1:{web.port}/ready"))
        beat = sink.wait_beat(lambda b: True, 5, "a hello")
        self.assertTrue(beat["node_health"]["healthy"], "the first report waits for the first check")
        self.assertIn((f"127.0.0.1:{web.port}", "/ready"), web.hosts)
        web.stop()
        start = time.monotonic()
        beat = sink.wait_beat(lambda b: not b["node_health"]["healthy"], 3, "unhealthy")
        self.assertLess(time.monotonic() - start, 1.5 * PATIENCE)
        self.assertIn("refused", beat["node_health"]["detail"])
        web = WebServer(web.port)
        seen = len(sink.beats())
        sink.wait_beat(lambda b: b["node_health"]["healthy"], 4, "healthy again", after=seen)
        web.status = 503
        beat = sink.wait_beat(lambda b: not b["node_health"]["healthy"], 4, "unhealthy", after=seen)
        self.assertEqual(beat["node_health"]["detail"], "HTTP status 503, wanted 200-399")
        web.stop()

    def test_a_server_that_accepts_but_does_not_answer_is_not_healthy(self):
        sink = self.sink()
        import socket
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.reporter_to(sink, arguments=("--health",
                                              "http://127.0.0.1:%d/" % silent.getsockname()[1]))
            beat = sink.wait_beat(lambda b: True, 6, "a hello")
            self.assertEqual(beat["node_health"]["detail"], "no response within 1s")

    def test_sites_of_a_folder_come_and_go_at_once(self):
        sites = self.folder / "www"
        (sites / "a.example").mkdir(parents=True)
        (sites / "a.example" / "index.html").write_text("12345")
        (sites / ".incoming").mkdir()
        sink = self.sink()
        self.reporter_to(sink, interval="30s", arguments=("--sites-dir", str(sites)))
        beat = sink.wait_beat(lambda b: True, 5, "a hello")
        self.assertEqual(beat["hosting"]["kind"], "FULL")
        self.assertEqual([s["name"] for s in beat["hosting"]["sites"]], ["a.example"])
        self.assertEqual(beat["hosting"]["sites"][0]["bytes"], "5")
        version = int(beat["hosting"]["sites"][0]["content_version"])
        self.assertLess(abs(version - time.time() * 1000), 60_000)
        (sites / "b.example").mkdir()
        beat = sink.wait_beat(lambda b: "b.example" in str(b.get("hosting")), 1, "b.example")
        self.assertEqual(beat["hosting"]["kind"], "DIFFERENCE")
        (sites / "b.example").rmdir()
        sink.wait_beat(lambda b: (b.get("hosting") or {}).get("removed") == ["b.example"], 1,
                       "b.example gone")
        sink.order("resend")
        beat = sink.wait_beat(lambda b: (b.get("hosting") or {}).get("kind") == "FULL", 1,
                              "the full list again", after=2)
        self.assertEqual(list(hosted(sink.beats())), ["a.example"])

    def test_many_changes_of_sites_make_at_most_five_heartbeats_a_second(self):
        sites = self.folder / "www"
        sites.mkdir()
        sink = self.sink()
        self.reporter_to(sink, interval="30s", arguments=("--sites-dir", str(sites)))
        sink.wait_beat(lambda b: True, 5, "a hello")
        start, before = time.monotonic(), len(sink.beats())
        for number in range(40):
            (sites / f"s{number}.example").mkdir()
            time.sleep(0.05)
        harness.wait_until(lambda: len(hosted(sink.beats())) == 40, 3 * PATIENCE, "40 sites", sink)
        count = len(sink.beats()) - before
        self.assertLessEqual(count, 5 * (time.monotonic() - start) + 2)

    def test_each_site_has_its_own_health(self):
        up = self.write("up/a.example", "")
        self.write("up/b.example", "")
        sink = self.sink()
        self.reporter_to(sink, interval="30s", arguments=(
            "--sites", "a.example", "b.example", "--site-health", f"exec:test -f {up.parent}/{{site}}"))
        sink.wait_beat(lambda b: True, 5, "a hello")
        self.assertTrue(all(s["healthy"] for s in hosted(sink.beats()).values()))
        up.unlink()
        harness.wait_until(lambda: not hosted(sink.beats())["a.example"]["healthy"], 4 * PATIENCE,
                           "a.example is not healthy", sink)
        self.assertTrue(hosted(sink.beats())["b.example"]["healthy"])

    def test_sigterm_says_leaving_to_every_dnsd(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            sinks = [self.sink(), self.sink()]
            reporter = self.reporter_to(*sinks)
            for sink in sinks:
                sink.wait_beat(lambda b: True, 5, "a hello")
            start = time.monotonic()
            reporter.signal(number)
            self.assertEqual(reporter.popen.wait(5 * PATIENCE), 0)
            self.assertLess(time.monotonic() - start, 0.5 * PATIENCE)
            for sink in sinks:
                last = [line for line in sink.lines() if "ended" not in line][-1]
                self.assertIn("leaving", last)

    def test_a_restarted_dnsd_is_found_and_told_everything(self):
        sites = self.folder / "www"
        (sites / "a.example").mkdir(parents=True)
        first = self.sink()
        reporter = self.reporter_to(first, interval="200ms", arguments=("--sites-dir", str(sites)))
        first.wait_beat(lambda b: b["sequence"] == "3", 5, "some beats")
        first.popen.kill()
        first.popen.wait()
        (sites / "b.example").mkdir()
        time.sleep(1)
        second = self.sink(first.port)
        beat = second.wait_beat(lambda b: True, 6, "a hello")
        self.assertEqual(beat["hosting"]["kind"], "FULL")
        self.assertEqual(sorted(hosted(second.beats())), ["a.example", "b.example"])
        self.assertGreater(int(beat["sequence"]), 3)
        self.assertEqual(second.hellos()[0]["boot_id"], first.hellos()[0]["boot_id"])
        self.assertIn(reporter.log().count("trying again"), (1, 2), "one warning a trouble")

    def test_a_dnsd_that_is_away_or_stuck_costs_the_others_nothing(self):
        stuck, good = self.sink(), self.sink()
        away = harness.free_port()
        self.reporter_to(stuck, good, interval="100ms",
                         arguments=("--dnsd", f"127.0.0.1:{away}"))
        stuck.wait_beat(lambda b: True, 5, "a hello")
        good.wait_beat(lambda b: True, 5, "a hello")
        stuck.popen.send_signal(signal.SIGSTOP)
        self.addCleanup(stuck.popen.send_signal, signal.SIGCONT)
        before = len(good.beats())
        time.sleep(2)
        self.assertGreaterEqual(len(good.beats()) - before, 15 if PATIENCE == 1 else 5)
        stuck.popen.send_signal(signal.SIGCONT)

    def test_a_dnsd_may_ask_for_another_interval(self):
        sink = self.sink()
        self.reporter_to(sink, interval="30s")
        sink.wait_beat(lambda b: True, 5, "a hello")
        sink.order("interval 100")
        sink.wait_beat(lambda b: int(b["sequence"]) >= 10, 3, "ten beats")

    def test_a_refusal_is_an_error_in_the_log(self):
        sink = self.sink()
        reporter = self.reporter_to(sink, interval="200ms")
        sink.wait_beat(lambda b: True, 5, "a hello")
        sink.order("refuse node n1 has another address")
        harness.wait_until(lambda: "error: dnsd" in reporter.log(), 3 * PATIENCE, "an error")
        self.assertIn("refused: node n1 has another address", reporter.log())

    def test_sighup_reads_the_configuration_again_and_keeps_the_stream(self):
        sink = self.sink()
        text = f"node: n1\naddresses: 127.0.1.1\ndnsd: '127.0.0.1:{sink.port}'\ninterval: 200ms\n"
        config = self.write("r.yaml", text + "sites: [a.example]\n")
        reporter = self.start(harness.Process(
            "reporter", [harness.BUILD / "reporter", "--config", config]))
        sink.wait_beat(lambda b: True, 5, "a hello")
        config.write_text(text + "sites: [a.example, b.example]\n")
        reporter.signal(signal.SIGHUP)
        harness.wait_until(lambda: sorted(hosted(sink.beats())) == ["a.example", "b.example"],
                           3 * PATIENCE, "both sites", sink)
        config.write_text(text + "sitess: []\n")
        reporter.signal(signal.SIGHUP)
        harness.wait_until(lambda: "not reloaded" in reporter.log(), 3 * PATIENCE, "an error")
        self.assertIn(f"{config}:5: ", reporter.log())
        self.assertEqual(len(sink.hellos()), 1)
        config.write_text(text.replace("n1", "n2"))
        reporter.signal(signal.SIGHUP)
        harness.wait_until(lambda: [h["node"] for h in sink.hellos()] == ["n1", "n2"],
                           5 * PATIENCE, "the new name", sink)
        self.assertTrue(any("leaving" in line for line in sink.lines()))

    def test_a_reload_leaves_the_streams_to_other_dnsd_alone(self):
        first, second = self.sink(), self.sink()
        text = "node: n1\naddresses: 127.0.1.1\ninterval: 200ms\ndnsd: ['127.0.0.1:%d'" % first.port
        config = self.write("r.yaml", text + "]\n")
        reporter = self.start(harness.Process(
            "reporter", [harness.BUILD / "reporter", "--config", config]))
        first.wait_beat(lambda b: True, 5, "a hello")
        config.write_text(text + f", '127.0.0.1:{second.port}']\n")
        reporter.signal(signal.SIGHUP)
        second.wait_beat(lambda b: True, 5, "a hello of the second")
        config.write_text(text + "]\n")
        reporter.signal(signal.SIGHUP)
        harness.wait_until(lambda: any("leaving" in line for line in second.lines()),
                           5 * PATIENCE, "the second is left", second)
        seen = len(first.beats())
        first.wait_beat(lambda b: True, 3, "the first is told on", after=seen)
        self.assertEqual(len(first.hellos()), 1)
        self.assertFalse(any("leaving" in line or "ended" in line for line in first.lines()))

    def test_a_reload_does_not_shake_a_healthy_node(self):
        web, sink = WebServer(), self.sink()
        text = (f"node: n1\naddresses: 127.0.1.1\ndnsd: '127.0.0.1:{sink.port}'\n"
                f"health: {{check: 'http://127.0.0.1:{web.port}/'}}\n")
        config = self.write("r.yaml", text)
        reporter = self.start(harness.Process(
            "reporter", [harness.BUILD / "reporter", "--config", config]))
        sink.wait_beat(lambda b: True, 5, "a hello")
        config.write_text(text.replace("}/'", "}/other'") + "sites: [a.example]\n")
        reporter.signal(signal.SIGHUP)
        beat = sink.wait_beat(lambda b: "a.example" in str(b.get("hosting")), 3, "the site")
        seen = sink.beats()
        self.assertTrue(all(b["node_health"]["healthy"] for b in seen))
        self.assertIn("cpu_utilization", beat["load"])
        web.stop()

    def test_a_stuck_dnsd_does_not_hold_up_the_end(self):
        sink = self.sink()
        reporter = self.reporter_to(sink)
        sink.wait_beat(lambda b: True, 5, "a hello")
        sink.popen.send_signal(signal.SIGSTOP)
        self.addCleanup(sink.popen.send_signal, signal.SIGCONT)
        start = time.monotonic()
        reporter.signal(signal.SIGTERM)
        self.assertEqual(reporter.popen.wait(5 * PATIENCE), 0)
        self.assertLess(time.monotonic() - start, 1.5 * PATIENCE)
        sink.popen.send_signal(signal.SIGCONT)

    def test_check_and_usage_have_their_exit_codes(self):
        good = self.write("good.yaml", "node: n1\naddresses: 127.0.1.1\ndnsd: '127.0.0.1:1'\n")
        bad = self.write("bad.yaml", "node: n1\nadresses: 127.0.1.1\ndnsd: '127.0.0.1:1'\n")
        done = self.run_program("reporter", "check", "--config", good)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        done = self.run_program("reporter", "check", "--config", bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{bad}:2: ", done.stdout)
        self.assertEqual(self.run_program("reporter", "--config", bad).returncode, 1)
        self.assertEqual(self.run_program("reporter", "--frobnicate").returncode, 2)
        self.assertEqual(self.run_program("reporter").returncode, 2)
        self.assertEqual(self.run_program("reporter", "--help").returncode, 0)
        self.assertIn("reporter 0.", self.run_program("reporter", "--version").stdout)


if __name__ == "__main__":
    harness.main()

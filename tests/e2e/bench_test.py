"""tools/bench in its smallest form: that it measures what it says, not what the figures are."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

import harness

sys.path.insert(0, str(harness.SOURCE / "tools"))
from benchmarks import measure, report, start, zones  # noqa: E402


@unittest.skipIf((os.cpu_count() or 1) < 2, "wants a core for the server and one for the load")
class Bench(harness.TestCase):
    def setUp(self):
        super().setUp()
        if not (harness.BUILD / "floor_responder").exists():
            self.skipTest("no benchmarks in this build: with a sanitizer they would mean nothing")

    def bench(self, *arguments):
        """Its report, and its figures."""
        figures = self.folder / "figures.json"
        done = subprocess.run(
            [sys.executable, harness.SOURCE / "tools" / "bench", "--build-dir", harness.BUILD,
             "--servers", "floor,dnsd", "--rounds", "1", "--seconds", "0.2", "--json", figures,
             *arguments], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout, json.loads(figures.read_text())

    def test_the_floor_and_dnsd_are_measured_side_by_side(self):
        text, figures = self.bench("--what", "saturation,latency")
        for part in ("saturation", "saturation_edns"):
            for server in ("floor", "dnsd"):
                [only] = figures[part][server]
                self.assertGreater(only["qps"], 0)
                self.assertGreater(only["cpu_us"], 0)
                self.assertGreater(only["generator_busy"], 0)
        self.assertGreater(figures["latency"]["dnsd"][0]["p99"], 0)
        ratio = (figures["saturation"]["dnsd"][0]["qps"]
                 / figures["saturation"]["floor"][0]["qps"])
        self.assertRegex(text, rf"dnsd by load +\| [^\n]*\| +{ratio:.2f} \|")

    def test_heartbeats_show_in_dnsds_other_threads(self):
        _, figures = self.bench("--what", "heartbeats")
        seldom, often = figures["heartbeats"]["60s"][0], figures["heartbeats"]["1s"][0]
        self.assertGreater(often["other_share"], seldom["other_share"])
        self.assertGreater(often["feeder_share"], seldom["feeder_share"])


class Parts(harness.TestCase):
    def test_a_cpu_reading_counts_this_process(self):
        before = measure.Cpu(os.getpid())
        while measure.Cpu(os.getpid()).total - before.total < 0.05:
            pass
        used = measure.Cpu(os.getpid()).since(before)
        self.assertGreaterEqual(used.total, 0.05)
        self.assertLessEqual(used.user, used.total)

    def test_neighbours_share_pools_and_own_pools_differ(self):
        shared = zones.Sites(1000, 100)
        own = zones.Sites(1000, 100, distinct=True)

        def pools(sites):
            return {tuple(sites.members(i)) for i in range(sites.count)}
        self.assertEqual(len(pools(shared)), 25)
        self.assertGreater(len(pools(own)), 900)
        self.assertTrue(all(len(set(own.members(i))) == zones.MEMBERS for i in range(1000)))

    def test_more_nodes_than_places_are_spread_over(self):
        few = zones.Sites(10, 1000)
        self.assertEqual(len({a for i in range(10) for a in few.members(i)}), 40)
        self.assertIn("10.0.3.", " ".join(few.members(9)))

    def test_a_reload_that_did_not_end_is_no_figure(self):
        log = ("2026-01-02T03:04:05.100 dnsd info: reloading\n"
               "2026-01-02T03:04:05.350 dnsd info: reloaded: 1 zone\n")
        self.assertAlmostEqual(measure.reload_seconds(log), 0.25)
        again = log + "2026-01-02T03:04:06.000 dnsd info: reloading\n"
        self.assertIsNone(measure.reload_seconds(again))
        self.assertIsNone(measure.reload_seconds(""))
        with self.assertRaises(SystemExit):
            measure.reload_seconds(again + "2026-01-02T03:04:06.100 dnsd error: not reloaded, …\n")

    def test_the_report_goes_between_the_marks(self):
        path = self.folder / "doc.md"
        path.write_text("a\n<!-- bench begins -->\nold\n<!-- bench ends -->\nb\n")
        report.put_between_marks(path, "new\n")
        self.assertEqual(path.read_text(),
                         "a\n<!-- bench begins -->\n\nnew\n\n<!-- bench ends -->\nb\n")
        path.write_text("no marks\n")
        with self.assertRaises(SystemExit):
            report.put_between_marks(path, "new\n")

    def test_verdicts_stand_on_the_right_side_of_the_limit(self):
        result = report.Report()
        for value in (0.949, 0.95):
            result.at_least("ratio", value, 0.95)
        for value in (100, 100.1):
            result.at_most("time", value, 100, 0, " ns")
        self.assertEqual([t.met for t in result.targets], [False, True, True, False])
        self.assertIn("≤ 100 ns", result.markdown("facts"))

    def test_static_peers_alone_are_the_measure_of_a_start(self):
        def figures(seconds, pss):
            return [{"seconds": seconds, "pss": pss, "pss_after": pss}]
        result = report.Report()
        start.start_targets(result, {
            "dnsd": figures(1, 40), "dnsd-own-pools": figures(3, 60),
            "knot-static": figures(2, 80), "gdnsd-static": figures(4, 50),
            "knot-geoip": figures(0.1, 1)})
        self.assertEqual([t.met for t in result.targets], [True, True, True, False, False, False])


if __name__ == "__main__":
    harness.main()

"""dnsd-sim: what it prints, what it refuses, placement, and a history from a running dnsd."""
import pathlib
import subprocess
import sys

import harness

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools/dnsd-sim"
SCENARIO = """name: small
warm_up: 5s
duration: 20s
repetitions: 2
utilisation: [0.3, 0.6]
nodes:
  - {count: 2, cpus: 1}
  - {cpus: 4}
"""
PLACEMENT = """name: a crowd
duration: 200s
step: 500ms
load: 0.3
nodes: [{count: 8}]
sites: {count: 20}
events: [{at: 20s, for: 150s, rise: 5s, site: 3, factor: 10}]
methods: [{name: jump}, {name: static, kind: static}]
"""
ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS ns1
ns1 3600 A 192.0.2.53
www 0 A 192.0.2.1
www 0 A 192.0.2.2
"""


class Simulator(harness.TestCase):
    def sim(self, *arguments):
        return self.run_program("dnsd-sim", *arguments, seconds=60)

    def rows(self, table):
        """First words of the lines to the lines' other fields."""
        return {line.split()[0]: line.split()[1:] for line in table.splitlines() if line.strip()}

    def test_prints_a_table_and_the_same_again(self):
        scenario = self.write("s.yaml", SCENARIO)
        csv = self.folder / "out.csv"
        first = self.sim("--cells", "--csv", csv, scenario)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn("small: 2 cells, 2 repetitions", first.stdout)
        rows = self.rows(first.stdout)
        self.assertEqual(rows["limit"][0], "1.00")
        self.assertGreater(float(rows["round_robin"][0]), float(rows["least_cost"][0]))
        kept = csv.read_text()
        self.assertEqual(len(kept.splitlines()), 1 + 3 * 2 * 2, "policies, cells, repetitions")
        again = self.sim("--cells", "--jobs", "2", "--csv", csv, scenario)
        self.assertEqual(again.stdout, first.stdout)
        self.assertEqual(csv.read_text(), kept)
        other = self.sim("--seed", "9", scenario)
        self.assertNotEqual(self.rows(other.stdout)["least_cost"], rows["least_cost"])

    def test_runs_the_policies_asked_for(self):
        scenario = self.write("s.yaml", SCENARIO)
        done = self.sim("--policy", "splitter", "--policy", "least_cost", scenario)
        self.assertEqual(set(self.rows(done.stdout)) & {"round_robin", "splitter", "least_cost"},
                         {"splitter", "least_cost"})
        listed = self.write("p.yaml", "policies: [{name: pairs, answers: 2}]\n")
        done = self.sim("--policies", listed, scenario)
        self.assertIn("pairs", self.rows(done.stdout))

    def test_refuses_what_it_does_not_understand(self):
        done = self.sim(self.write("bad.yaml", SCENARIO + "nodez: 3\nseed: many\n"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertIn("bad.yaml:9: ", done.stderr)
        self.assertIn("nodez", done.stderr)
        self.assertIn("bad.yaml:10: key 'seed': found 'many', wanted", done.stderr)
        self.assertEqual(self.sim(self.folder / "none.yaml").returncode, 1)
        self.assertEqual(self.sim("--jobs", "none", "x.yaml").returncode, 2)
        self.assertEqual(self.sim("--policy", "best", self.write("s.yaml", SCENARIO)).returncode, 1)

    def test_simulates_placement(self):
        scenario = self.write("p.yaml", PLACEMENT)
        done = self.sim("--jobs", "2", scenario)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = self.rows(done.stdout)
        absorbed, unserved = 0, 1
        self.assertEqual(rows["static"][absorbed], "-")
        self.assertLess(float(rows["jump"][absorbed]), 60)
        self.assertLess(float(rows["jump"][unserved]), float(rows["static"][unserved]) / 2)
        self.assertEqual(self.sim(scenario).stdout, done.stdout)
        self.assertIn("mean ms", self.sim("--times", scenario).stdout)
        wrong = self.sim(self.write("bad.yaml", PLACEMENT + "daily: often\n"))
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("bad.yaml:9: key 'daily': found 'often', wanted", wrong.stderr)

    def test_the_scenarios_that_come_with_it_are_right(self):
        files = sorted((TOOLS / "scenarios").glob("placement-*.yaml"))
        self.assertTrue(files)
        done = self.sim("--check", *files)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_replays_what_a_running_dnsd_was_told(self):
        dnsd = self.dnsd(zone=ZONE)
        self.reporter(dnsd, "n1", "192.0.2.1", load={"cpu_utilization": 0.5, "sps": 5, "cpus": 2})
        self.reporter(dnsd, "n2", "192.0.2.2", load={"cpu_utilization": 0.2, "sps": 8, "cpus": 8})
        dnsd.wait_heard("n1", "n2")
        history = subprocess.run(
            [sys.executable, TOOLS / "record", "--every", "0.2", "--seconds", "1",
             "http://%s:%d/status.json" % dnsd.http],
            text=True, capture_output=True, timeout=30, check=True).stdout
        self.assertRegex(history, r"(?m)^[0-9.]+,n1,2,0.5000,5.000$")
        # Half a second is no history: the same minute by minute.
        text = "time,node,cpus,cpu,sps\n"
        for minute in range(10):
            for line in set(history.splitlines()[1:3]):
                text += f"{60 * minute}," + line.split(",", 1)[1] + "\n"
        self.write("h.csv", text)
        done = self.sim("--csv", self.folder / "out.csv", self.write(
            "r.yaml", "repetitions: 1\nreplay: {file: h.csv}\n"))
        self.assertEqual(done.returncode, 0, done.stderr)
        # 480 s of 13 sessions a second.
        run = (self.folder / "out.csv").read_text().splitlines()[1].split(",")
        header = (self.folder / "out.csv").read_text().splitlines()[0].split(",")
        self.assertAlmostEqual(int(run[header.index("sessions")]), 13 * 480, delta=300)


if __name__ == "__main__":
    harness.main()

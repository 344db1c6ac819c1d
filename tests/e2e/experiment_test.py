"""tools/experiment in its smallest form: that it measures, says what it did, and leaves nothing
behind. Not what the figures are."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import harness

sys.path.insert(0, str(harness.SOURCE / "tools"))
from experiments import (cgroups, chen, generator, network, pictures,  # noqa: E402
                         policies, results, workspace)

EXPERIMENT = harness.SOURCE / "tools" / "experiment"


def obstacle():
    """Why no cluster can be built here; None if it can."""
    if not network.is_root():
        return "wants root, for namespaces and control groups"
    missing = [p for p in ("ip", "tc", "nginx", "unbound") if not shutil.which(p)]
    if missing:
        return f"wants {', '.join(missing)}"
    name = f"{workspace.PREFIX}{os.getpid()}-try"
    try:
        network.ip("netns", "add", name)
        try:
            network.ip("-n", name, lines=["link add br0 type bridge",
                                          "link add h1 type veth peer name h2"])
            network.limit(name, 1e6, "h2")
        finally:
            network.ip("netns", "del", name)
        group = cgroups.Group.make(name)
        try:
            child = group.child("n")
            child.set_cpu(0.05)
            child.set_memory(1 << 26)
        finally:
            group.remove()
    except (OSError, subprocess.CalledProcessError, cgroups.Unavailable) as error:
        return f"namespaces or control groups are not allowed: {error}"
    return None


def left_behind(pid):
    """What bears the name of the experiment of this process."""
    prefix = f"{workspace.PREFIX}{pid}"
    return [*network.namespaces(prefix), *(g.name for g in cgroups.Group.left_behind(prefix)),
            *(str(p) for p in pathlib.Path(tempfile.gettempdir()).glob(prefix + "*"))]


class OnRealServers(harness.TestCase):
    def setUp(self):
        super().setUp()
        why = obstacle()
        if why:
            self.skipTest(why)

    def begin(self, *arguments):
        """An experiment under way."""
        return subprocess.Popen(
            [sys.executable, EXPERIMENT, "--build-dir", harness.BUILD, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def begin_long(self):
        """One that has built its namespaces, and has long to go."""
        process = self.begin("--scenario", "scaling", "--variant", "1-nodes", "--policy",
                             "least_cost", "--seconds", "100")
        try:
            harness.wait_until(lambda: any("client" in n for n in left_behind(process.pid)),
                               60, "its namespaces are there")
        except AssertionError:
            process.terminate()
            process.communicate(timeout=60)
            raise
        return process

    def test_two_nodes_are_measured_under_two_policies_and_nothing_is_left(self):
        figures = self.folder / "figures.json"
        with self.begin("--scenario", "scaling", "--variant", "2-nodes", "--policy",
                        "ideal,least_cost", "--repetitions", "1", "--seconds", "4", "--json",
                        figures) as process:
            text, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, errors)
        for policy in ("ideal", "least_cost"):
            self.assertRegex(text, rf"(?m)^\| {policy} +\| +2 \|")
            [found] = json.loads(figures.read_text())["2-nodes"]["policies"][policy]
            self.assertGreater(found["octets"], 0)
            self.assertGreater(found["sessions"], 0)
            self.assertLessEqual(set(found["sent_to"]), {"10.77.0.11", "10.77.0.12"})
        self.assertEqual(left_behind(process.pid), [])

    def test_ended_in_the_middle_it_cleans_up(self):
        with self.begin_long() as process:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        self.assertEqual(left_behind(process.pid), [])

    def test_what_a_killed_one_left_the_next_one_removes(self):
        with self.begin_long() as process:
            process.kill()
            process.communicate(timeout=60)
        self.assertNotEqual(left_behind(process.pid), [])
        workspace.sweep()
        self.assertEqual(left_behind(process.pid), [])


class Parts(harness.TestCase):
    def test_unknown_names_are_refused_with_those_there_are(self):
        for arguments, known in ((["--scenario", "7"], "chen"), (["--policy", "best"], "quota"),
                                 (["--variant", "odd"], "1-nodes")):
            done = subprocess.run([sys.executable, EXPERIMENT, *arguments], text=True,
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn(known, done.stderr)

    def test_the_list_names_every_scenario_and_policy(self):
        done = subprocess.run([sys.executable, EXPERIMENT, "--list"], text=True,
                              capture_output=True, timeout=60, check=True)
        for name in ("chen", "memory", "unequal", "scaling", "sharing", *policies.ALL):
            self.assertIn(name, done.stdout)

    def test_the_course_is_drawn(self):
        run = {"sessions": [[-1, 9, "a", "", 1], [0.5, 0.1, "a", "", 1], [1.5, 0.3, "a", "", 1],
                            [2.5, 0.4, "a", "", 1]]}
        course = pictures.course(run)
        self.assertEqual([at for at, _ in course], [1, 3])
        self.assertAlmostEqual(course[0][1], 0.2)
        if not shutil.which("gnuplot"):
            self.skipTest("wants gnuplot")
        path = self.folder / "a.svg"
        pictures.draw(path, "title", {"least_cost:load": [{"course": course}]}, 1)
        self.assertIn("least_cost:load", path.read_text())

    def test_percentiles_are_by_nearest_rank(self):
        self.assertEqual(results.percentile([1, 2, 3, 4], 50), 2)
        self.assertEqual(results.percentile([1, 2, 3, 4], 99), 4)
        self.assertEqual(results.percentile([7], 50), 7)

    def test_spread_is_the_median_between_least_and_most(self):
        self.assertEqual(results.spread([3, 1, 2], 1), "2.0 (1.0-3.0)")
        self.assertEqual(results.spread([1.001, 1.002]), "1.00")
        self.assertEqual(results.spread([]), "-")

    def test_a_time_limit_counts_in_the_times_and_an_error_does_not(self):
        sessions = [[-1, 0.5, "a", "", 9], [0, 1.0, "a", "", 10], [0, 5.0, "b", "TimeoutError", 0],
                    [1, 0.1, "b", "status 500", 0], [9, 2.0, "a", "", 10]]
        load = results_load(seconds=10, rate=2)
        found = results.of_sessions({"sessions": sessions, "late_p99": 0, "utilization": [1, 0]},
                                    load)
        self.assertEqual((found["sessions"], found["failed"], found["lost"]), (4, 2, 1.0))
        self.assertAlmostEqual(found["mean"], 8 / 3)
        self.assertAlmostEqual(found["throughput"], 0.1)  # those that ended within the time
        self.assertEqual(found["imbalance"], 2)
        self.assertEqual(found["sent_to"], {"a": 2, "b": 2})

    def group(self, version, **files):
        """A group of the version, its files in a folder of the test's."""
        for name, text in files.items():
            self.write("group/" + name.replace("__", "."), text)
        return cgroups.Group(version, {c: self.folder / "group" for c in cgroups.CONTROLLERS})

    def test_version_1_is_limited_and_read(self):
        group = self.group(1, cpuacct__usage="1500000000\n",
                           memory__usage_in_bytes="5000\n",
                           memory__stat="cache 9\ntotal_inactive_file 1000\n")
        group.set_cpu(0.02)
        limits = {f.name: f.read_text() for f in (self.folder / "group").glob("cpu.cfs*")}
        self.assertEqual(limits, {"cpu.cfs_quota_us": "1000", "cpu.cfs_period_us": "50000"})
        self.assertEqual((group.cpu_seconds(), group.memory_used()), (1.5, 4000))

    def test_version_2_is_limited_and_read(self):
        group = self.group(2, cpu__stat="usage_usec 2500000\nuser_usec 1\n",
                           memory__current="7000\n", memory__stat="anon 1\ninactive_file 9000\n")
        group.set_cpu(0.1)
        group.set_memory(1 << 20)
        self.assertEqual((self.folder / "group" / "cpu.max").read_text(), "2000 20000")
        self.assertEqual((self.folder / "group" / "memory.max").read_text(), "1048576")
        self.assertEqual((group.cpu_seconds(), group.memory_used()), (2.5, 0))

    def test_the_largest_rate_is_halved_into_place(self):
        self.assertAlmostEqual(chen.largest(lambda share: share <= 0.9501), 0.95)
        self.assertEqual(chen.largest(lambda share: False), chen.LOW)

    def test_one_slow_session_in_twenty_is_still_sustained_and_a_failed_one_is_not(self):
        def sessions(slow, failed=0):
            return {"sessions": [[20, 3.0 if i < slow else 1.0, "a", "", 1] for i in range(20)]
                    + [[1, 1.0, "a", "status 500", 0]] * failed}
        self.assertTrue(chen.is_sustained(sessions(1), 30, 2.0))
        self.assertFalse(chen.is_sustained(sessions(2), 30, 2.0))
        self.assertFalse(chen.is_sustained(sessions(0, failed=1), 30, 2.0))

    def test_the_ideal_splitter_weighs_what_is_to_do_by_capacity(self):
        import asyncio
        import random
        ideal = generator.Ideal({"nodes": {"slow": 1, "fast": 4, "dead": 0}}, random.Random(1))
        chosen = []
        for _ in range(10):
            chosen.append(asyncio.run(ideal.choose(1, generator.SITE)))
            ideal.took(chosen[-1], 1)
        self.assertEqual((chosen.count("fast"), chosen.count("slow")), (8, 2))

    def test_an_answers_addresses_are_read(self):
        name = generator.wire(generator.SITE)
        question = name + b"\0\1\0\1"
        header = b"\x12\x34\x81\x80\0\1\0\2\0\0\0\0"
        records = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + bytes([10, 0, 0, i]) for i in (1, 2))
        self.assertEqual(generator.addresses(header + question + records, name), ["10.0.0.1", "10.0.0.2"])
        with self.assertRaises(ValueError):
            generator.addresses(b"\x12\x34\x81\x83\0\1\0\0\0\0\0\0" + question, name)


def results_load(**fields):
    from experiments.cluster import Load
    return Load(paths=[["/", 1]], **fields)


if __name__ == "__main__":
    harness.main()

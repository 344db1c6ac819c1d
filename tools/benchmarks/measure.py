"""What is measured: CPU, memory, and the reports of the load generator."""
import json
import os
import pathlib
import re
import select
import signal
import socket
import statistics
import subprocess
import time

import harness

SERVER_CPU, GENERATOR_CPU = "0", "1"


def family(pid):
    """A process and its descendants."""
    try:
        children = " ".join(p.read_text() for p in
                            pathlib.Path(f"/proc/{pid}/task").glob("*/children")).split()
    except OSError:
        return []
    return [pid] + [d for c in children for d in family(int(c))]


class Cpu:
    """Seconds that a server's threads have run: in all, in user space, and by thread name.

    The sum is the scheduler's, in nanoseconds; the user share is sampled by the kernel's tick, so
    that a small share needs many seconds."""

    def __init__(self, pid):
        self.total, self.threads = 0.0, {}
        self.user_ticks = self.system_ticks = 0
        for process in family(pid):
            for task in pathlib.Path(f"/proc/{process}/task").iterdir():
                self._add(task)

    def _add(self, task):
        try:
            name, fields = (task / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            ran = int((task / "schedstat").read_text().split()[0]) / 1e9
        except OSError:
            return  # it has ended
        user, system = (int(f) for f in fields.split()[11:13])
        self.user_ticks += user
        self.system_ticks += system
        self.total += ran
        self.threads[name] = self.threads.get(name, 0) + ran

    def since(self, before):
        """The difference to an earlier reading, in place."""
        self.total -= before.total
        self.user_ticks -= before.user_ticks
        self.system_ticks -= before.system_ticks
        self.threads = {n: s - before.threads.get(n, 0) for n, s in self.threads.items()}
        return self

    @property
    def user(self):
        ticks = self.user_ticks + self.system_ticks
        return self.total * (self.user_ticks / ticks) if ticks else 0.0


def cpu_seconds(pid):
    """CPU seconds of a server up to now, threads that have ended with them."""
    ticks = 0
    for process in family(pid):
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += sum(map(int, fields[11:15]))  # its own, and those of children that it waited for
    return ticks / os.sysconf("SC_CLK_TCK")


def pss(pid):
    """Memory of a server in MiB: its own pages, and its part of those it shares."""
    total = 0
    for process in family(pid):
        text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1])
    return total / 1024


def dnsload_command(server, cpu, *arguments):
    return ["taskset", "-c", str(cpu), *map(str, [
        harness.BUILD / "dnsload", "--server", "%s:%d" % server.address, "--name",
        server.sites.pattern(), "--validate", "--expect-answers", server.count, "--json",
        "--quiet", *arguments])]


def report_of(server, process):
    """What a dnsload that has ended says; ends the benchmark if the answers are wrong."""
    out, errors = process.communicate()
    if not out.strip():
        raise SystemExit(f"bench: dnsload: {errors}\n{server.process.log()}")
    report = json.loads(out)
    if report["invalid"] or not report["answered"]:
        raise SystemExit(f"bench: {server.name} answers wrongly: {out}\n{server.process.log()}")
    return report


def start_load(server, cpu, *arguments):
    return subprocess.Popen(dnsload_command(server, cpu, *arguments), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def load(server, seconds, *arguments, cpus=(GENERATOR_CPU,)):
    """Loads the server from each of the CPUs at once. The sum of the reports, and its CPU
    seconds (a Cpu) from the first query to the last."""
    warm = [start_load(server, c, *arguments, "--duration", "150ms") for c in cpus]
    for process in warm:
        report_of(server, process)
    before = Cpu(server.pid)
    running = [start_load(server, c, *arguments, "--duration", f"{seconds}s") for c in cpus]
    reports = [report_of(server, process) for process in running]
    cpu = Cpu(server.pid).since(before)
    whole = dict(reports[0])
    for key in ("answered", "sent", "lost", "queries_per_second", "unexpected"):
        whole[key] = sum(r[key] for r in reports)
    whole["generator"] = {
        "busy_share": max(r["generator"]["busy_share"] for r in reports),
        "busy_ns_per_query": statistics.mean(r["generator"]["busy_ns_per_query"]
                                             for r in reports)}
    return whole, cpu


def first_answer(server):
    """Starts the server on all CPUs; seconds until its first right answer, asked for each
    millisecond."""
    begin = time.monotonic()
    server.start(wait=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(server.address)
        asking.setblocking(False)
        octets = server.query()
        while time.monotonic() < begin + 300:
            try:
                asking.send(octets)
                while select.select([asking], [], [], 0.001)[0]:
                    if server.right(asking.recv(65535)):
                        return time.monotonic() - begin
            except ConnectionRefusedError:
                time.sleep(0.001)
            if server.process.poll() is not None:
                break
    raise SystemExit(f"bench: {server.name} does not answer\n{server.process.log()}")


def reload_under_load(server, seconds, rate, *arguments, change):
    """Load at `rate`, and a reload a third into it if `change`, which alters the zone file, is
    given. The report, how long the reload took, and whether it ended within the load."""
    if change:
        change()
    process = start_load(server, GENERATOR_CPU, *arguments, "--rate", rate, "--outstanding", 50000,
                         "--duration", f"{seconds}s")
    if not change:
        return report_of(server, process), 0, True
    time.sleep(seconds / 3)
    server.process.signal(signal.SIGHUP)
    report = report_of(server, process)
    within = reload_seconds(server.process.log()) is not None
    return report, wait_for_reload(server), within


def reload_alone(server):
    """Seconds of a reload that nothing disturbs."""
    before = server.process.log().count("reloading")
    server.process.signal(signal.SIGHUP)
    harness.wait_until(lambda: server.process.log().count("reloading") > before, 30,
                       "dnsd takes the signal", server.process)
    return wait_for_reload(server)


def wait_for_reload(server):
    harness.wait_until(lambda: reload_seconds(server.process.log()) is not None, 120,
                       "dnsd reloads", server.process)
    return reload_seconds(server.process.log())


def reload_seconds(log):
    """From dnsd's log: from the last "reloading" to its "reloaded"; None while it goes on. Ends the
    benchmark if it failed."""
    times = {}
    for stamp, word in re.findall(r"^\S+T(\S+) dnsd info: (reloading|reloaded)", log, re.M):
        hours, minutes, rest = stamp.split(":")
        times[word] = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    if "not reloaded" in log:
        raise SystemExit(f"bench: dnsd did not reload\n{log[-2000:]}")
    taken = times.get("reloaded", -1) - times.get("reloading", 0)
    return taken if taken >= 0 else None


def median(values):
    return statistics.median(values)


def spread(values):
    """The range over the median, in per cent."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle * 100 if middle else 0.0

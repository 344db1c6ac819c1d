"""Two workers against one, and the responder room by itself."""
import json
import subprocess

import harness

from benchmarks import measure, servers
from benchmarks.measure import GENERATOR_CPU, median
from benchmarks.zones import Sites

SITES, NODES = 1000, 10


class TwoFloors(servers.Floor):
    threads = 2


class TwoWorkers(servers.Dnsd):
    workers = 2


def workers(bench):
    """A generator on each core, asleep when it has nothing to do; the server with one worker on
    core 0, then with one on each. Half of the queries come from the other core either way, so that
    nothing differs but what the two workers have in common."""
    cases = {"floor": [(servers.Floor, "0"), (TwoFloors, "01")],
             "dnsd": [(servers.Dnsd, "0"), (TwoWorkers, "01")]}
    results = {}
    for key, kinds in cases.items():
        if key not in bench.options.servers:
            continue
        results[key] = [[], []]
        running = []
        try:
            for place, (kind, cpus) in enumerate(kinds):
                server = kind(bench.folder(f"workers-{place}"), Sites(SITES, NODES))
                running.append((place, server.start(",".join(cpus)), cpus))
                if key == "dnsd":
                    server.feed(GENERATOR_CPU)
            for number in range(bench.options.rounds):
                for place, server, cpus in running:
                    load, cpu = measure.load(server, bench.options.seconds, "--edns", "--sleep",
                                             "--sockets", 32, cpus="01")
                    results[key][place].append({
                        "qps": load["queries_per_second"], "lost": load["lost"],
                        "per_cpu_second": load["answered"] / cpu.total})
                    bench.say(f"workers, round {number + 1}: {server.name}, {len(cpus)}: "
                              f"{load['answered'] / cpu.total:,.0f} queries a CPU second")
        finally:
            for _, server, _ in running:
                server.stop()
            for place in range(2):
                bench.discard(bench.folder(f"workers-{place}"))
    report_workers(bench.report, results)


def scaling(one, two, figure):
    return median([b[figure] / a[figure] for a, b in zip(one, two)])


def report_workers(report, results):
    report.data["workers"] = results
    rows = [["server", "workers", "queries a CPU second", "q/s", "two of one, by CPU", "by q/s"]]
    for key, (one, two) in results.items():
        for count, figures in ((1, one), (2, two)):
            rows.append([servers.ALL[key].name, count,
                         *(f"{median([r[f] for r in figures]):,.0f}"
                           for f in ("per_cpu_second", "qps")),
                         *((f"{2 * scaling(one, two, 'per_cpu_second'):.2f}",
                            f"{scaling(one, two, 'qps'):.2f}") if count == 2 else ("", ""))])
    report.section(
        "Two workers", "The server with one worker on core 0, then with one on each core; a "
        "generator on each core either way, asleep when it has nothing to do. By CPU: twice the ratio of "
        "queries a CPU second of the server; workers that share nothing reach 2.00. The bare "
        "responder shows what the kernel and the machine allow. q/s is what the generators, which "
        "take their part of both cores, let through.", rows)
    if "dnsd" in results:
        report.at_least("two workers, of one, by CPU accounting",
                        2 * scaling(*results["dnsd"], "per_cpu_second"), 1.8)


def room(bench):
    """responder_bench: query octets in, response octets out, no socket."""
    bench.say("responder room alone")
    seconds = 0.2 if bench.options.quick else 0.5
    done = subprocess.run(
        ["taskset", "-c", "0,1", harness.BUILD / "responder_bench", "--benchmark_format=json",
         f"--benchmark_min_time={seconds}"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: responder_bench: {done.stderr}")
    found = {b["name"]: b for b in json.loads(done.stdout)["benchmarks"]
             if b.get("run_type", "iteration") == "iteration"}
    bench.report.data["room"] = found
    rows = [["benchmark", "CPU ns an answer"],
            *([name, f"{b['cpu_time']:.0f}"] for name, b in found.items())]
    bench.report.section("Responder room alone", "`responder_bench`, one thread unless the name "
                         "says more; CPU of all threads over the answers of all.", rows)
    room_targets(bench.report, found)


def room_targets(report, found):
    alone = [b for b in found.values() if is_small(b["name"])]
    for b in alone:
        report.at_most(f"responder room alone, {b['name']}", b["cpu_time"], 100, 0, " ns")
    for name, two in found.items():
        one = found.get(name.replace("threads:2", "threads:1")) or found.get(
            name.replace("/threads:2", ""))
        if "threads:2" in name and one:
            report.at_least(f"responder room in two threads, of one: {name}",
                            2 * one["cpu_time"] / two["cpu_time"], 1.8)


def is_small(name):
    """The answers that the target is about: few sites, few nodes, one thread."""
    return "SiteAnswer" in name and "sites:1000/nodes:10/" in name and "threads:2" not in name

"""What a query costs dnsd with more sites, more nodes, and more heartbeats."""
import time

from benchmarks import measure, servers
from benchmarks.measure import GENERATOR_CPU, SERVER_CPU, median
from benchmarks.zones import Sites

WORKER = "dnsd-worker"  # the thread's name
QUIET = "60s"           # the longest interval that dnsd takes from a reporter


def shapes(options):
    """(sites, nodes) to measure; the first is what the others are compared with."""
    large = [] if options.skip_million else [(1_000_000, 10)]
    return [(1000, 10), (250_000, 10), *large, (1000, 10_000)]


def worker_ns(load, cpu):
    return cpu.threads[WORKER] / load["answered"] * 1e9


def growth(bench):
    shape_list = shapes(bench.options)
    running, rounds = {}, {shape: [] for shape in shape_list}
    try:
        for sites, nodes in shape_list:
            bench.say(f"growth: starts with {sites:,} sites, {nodes:,} nodes")
            server = servers.Dnsd(bench.folder(f"growth-{sites}-{nodes}"), Sites(sites, nodes))
            running[sites, nodes] = server.start(SERVER_CPU)
            many = nodes > 100
            server.feed(GENERATOR_CPU, interval=QUIET if many else "1s",
                        connections=100 if many else 0)
        for number in range(bench.options.rounds):
            for shape, server in running.items():
                load, cpu = measure.load(server, bench.options.seconds, "--edns")
                rounds[shape].append({
                    "worker_ns": worker_ns(load, cpu), "qps": load["queries_per_second"],
                    "cpu_ns": cpu.total / load["answered"] * 1e9,
                    "generator_busy": load["generator"]["busy_share"]})
                bench.say(f"growth, round {number + 1}: {shape[0]:,} sites, {shape[1]:,} nodes: "
                          f"{rounds[shape][-1]['worker_ns']:.0f} ns a query")
    finally:
        for server in running.values():
            server.stop()
    report_growth(bench.report, rounds)


def report_growth(report, rounds):
    report.data["growth"] = {f"{s} sites, {n} nodes": r for (s, n), r in rounds.items()}
    first = next(iter(rounds.values()))

    def to_first(shape):
        return median([a["worker_ns"] / b["worker_ns"] for a, b in zip(rounds[shape], first)])
    report.section(
        "Growth", "Server CPU of the thread that answers, kernel included, at saturation, EDNS on; "
        "names drawn evenly from all sites. 10 nodes report each second, 10,000 each minute.",
        [["sites", "nodes", "ns a query", "of the first", "all threads, ns", "q/s",
          "generator busy", "spread"],
         *([f"{sites:,}", f"{nodes:,}", f"{median([r['worker_ns'] for r in figures]):,.0f}",
            f"{to_first((sites, nodes)):.2f}", f"{median([r['cpu_ns'] for r in figures]):,.0f}",
            f"{median([r['qps'] for r in figures]):,.0f}",
            f"{median([r['generator_busy'] for r in figures]) * 100:.0f} %",
            f"{measure.spread([r['worker_ns'] for r in figures]):.0f} %"]
           for (sites, nodes), figures in rounds.items())])
    for sites, nodes in list(rounds)[1:]:
        if nodes > 10:  # "equal" is within the noise of the machine
            report.at_most(f"ns a query at {nodes:,} nodes, of that at 10",
                           to_first((sites, nodes)), 1.05)
        else:
            report.at_most(f"ns a query at {sites:,} sites, of that at 1,000",
                           to_first((sites, nodes)), 1.3)


def heartbeats(bench):
    """1,000 nodes that report each second against the same that report each minute."""
    nodes = 1000
    server = servers.Dnsd(bench.folder("heartbeats"), Sites(1000, nodes))
    rounds = {QUIET: [], "1s": []}
    try:
        server.start(SERVER_CPU)
        for number in range(bench.options.rounds):
            for interval, figures in rounds.items():
                server.feed(GENERATOR_CPU, interval=interval)
                before, begin = measure.Cpu(server.feeder.pid), time.monotonic()
                load, cpu = measure.load(server, bench.options.seconds, "--edns")
                feeder = measure.Cpu(server.feeder.pid).since(before)
                seconds = time.monotonic() - begin
                server.starve()
                others = cpu.total - cpu.threads[WORKER]
                figures.append({
                    "qps": load["queries_per_second"],
                    "per_cpu_second": load["answered"] / cpu.total,
                    "worker_ns": worker_ns(load, cpu),
                    "other_share": others / bench.options.seconds,
                    "feeder_share": feeder.total / seconds,
                    "generator_busy": load["generator"]["busy_share"]})
                bench.say(f"heartbeats, round {number + 1}: every {interval}: "
                          f"{figures[-1]['per_cpu_second']:,.0f} queries a CPU second")
    finally:
        server.stop()
    bench.report.data["heartbeats"] = rounds

    def middle(interval, figure):
        return median([r[figure] for r in rounds[interval]])
    bench.report.section(
        "Heartbeats under load",
        f"{nodes:,} nodes with a connection each, 1,000 sites, saturation, EDNS on. The feeder "
        "shares the generator's core and takes q/s from it, so the verdict counts queries a CPU "
        "second of the whole dnsd, which sees every cycle that heartbeats take from answers.",
        [["each node reports every", "queries a CPU second", "q/s", "worker ns a query",
          "dnsd's other threads", "feeder", "generator busy"],
         *([interval, *(f"{middle(interval, f):,.0f}"
                        for f in ("per_cpu_second", "qps", "worker_ns")),
            *(f"{middle(interval, f) * 100:.1f} %"
              for f in ("other_share", "feeder_share", "generator_busy"))] for interval in rounds)])
    bench.report.at_least(
        "queries a CPU second with 1,000 heartbeats a second, of that with 17",
        median([a["per_cpu_second"] / b["per_cpu_second"]
                for a, b in zip(rounds["1s"], rounds[QUIET])]), 0.97)

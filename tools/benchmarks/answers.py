"""Queries a second, CPU and latency of all servers side by side."""
from benchmarks import measure, servers
from benchmarks.measure import GENERATOR_CPU, SERVER_CPU, median
from benchmarks.zones import Sites

SITES, NODES, OUTSTANDING = 1000, 10, 128
RATE = 30_000  # q/s of the latency measurement


class Running:
    """The servers asked for, each on its core, until the block ends."""

    def __init__(self, bench):
        self.bench = bench

    def __enter__(self):
        self.servers = []
        folder = self.bench.folder("answers")
        try:
            for key in self.bench.options.servers:
                server = servers.ALL[key](folder, Sites(SITES, NODES))
                self.servers.append(server)
                server.start(SERVER_CPU)
                if key == "dnsd":
                    server.feed(GENERATOR_CPU)
        except BaseException:
            self.__exit__()
            raise
        return self.servers

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()


def run(bench):
    with Running(bench) as running:
        if bench.wants("saturation"):
            same_octets(running)
            for edns in (False, True):
                saturation(bench, running, edns)
        if bench.wants("latency"):
            latency(bench, running)


def same_octets(running):
    """The bare responder is a floor only if it sends what dnsd sends."""
    sizes = {s.key: [s.reply_size(edns) for edns in (False, True)]
             for s in running if s.key in ("floor", "dnsd")}
    if len(sizes) == 2 and sizes["floor"] != sizes["dnsd"]:
        raise SystemExit("bench: octets of a response without and with EDNS: bare responder "
                         f"{sizes['floor']}, dnsd {sizes['dnsd']}; the floor is none")


def saturation(bench, running, edns):
    rounds = {s.key: [] for s in running}
    flags = ["--edns"] if edns else []
    for number in range(bench.options.rounds):
        for server in running:
            load, cpu = measure.load(server, bench.options.seconds, "--outstanding", OUTSTANDING,
                                     *flags)
            rounds[server.key].append({
                "qps": load["queries_per_second"], "lost": load["lost"],
                "answered": load["answered"], "cpu_us": cpu.total / load["answered"] * 1e6,
                "user_us": cpu.user / load["answered"] * 1e6,
                "generator_busy": load["generator"]["busy_share"],
                "generator_ns": load["generator"]["busy_ns_per_query"]})
            bench.say(f"saturation, EDNS {'on' if edns else 'off'}, round {number + 1}: "
                      f"{server.name}: {load['queries_per_second']:,.0f} q/s")
    bench.report.data["saturation_edns" if edns else "saturation"] = rounds
    report_saturation(bench, running, rounds, "on" if edns else "off")


def ratios(rounds, key, other, figure):
    """The median of the rounds' ratios."""
    return median([a[figure] / b[figure] for a, b in zip(rounds[key], rounds[other])])


def pooled_user(figures):
    """User-space microseconds a query over all rounds: the kernel samples it, so rounds are few."""
    return (sum(r["user_us"] * r["answered"] for r in figures)
            / sum(r["answered"] for r in figures))


def report_saturation(bench, running, rounds, edns):
    head = ["server", "q/s", "of floor", "CPU µs a query", "of floor", "of that, user",
            "generator busy", "lost", "spread"]
    rows = [head]
    floor = "floor" in rounds
    for server in running:
        figures = rounds[server.key]
        rows.append([
            server.name, f"{median([r['qps'] for r in figures]):,.0f}",
            f"{ratios(rounds, server.key, 'floor', 'qps'):.2f}" if floor else "",
            f"{median([r['cpu_us'] for r in figures]):.2f}",
            f"{ratios(rounds, server.key, 'floor', 'cpu_us'):.2f}" if floor else "",
            f"{pooled_user(figures):.2f}",
            f"{median([r['generator_busy'] for r in figures]) * 100:.0f} %",
            sum(r["lost"] for r in figures),
            f"{measure.spread([r['qps'] for r in figures]):.0f} %"])
    bench.report.section(
        f"Saturation, EDNS {edns}",
        f"One worker, {SITES:,} sites of four members on {NODES} nodes that report each second, "
        f"{OUTSTANDING} queries outstanding. CPU is all of the server's threads. \"Generator "
        "busy\" near 100 %: dnsload was the limit, not the server.", rows)
    saturation_targets(bench.report, running, rounds, edns)


def saturation_targets(report, running, rounds, edns):
    if "dnsd" not in rounds:
        return
    if "floor" in rounds:
        report.at_least(f"q/s at saturation, of the bare responder, EDNS {edns}",
                        ratios(rounds, "dnsd", "floor", "qps"), 0.95)
    dynamic = [s for s in running if s.dynamic and s.key != "dnsd"]
    if dynamic:
        best = max(dynamic, key=lambda s: median([r["qps"] for r in rounds[s.key]]))
        report.at_least(f"… of the best dynamic peer ({best.name}), EDNS {edns}",
                        ratios(rounds, "dnsd", best.key, "qps"), 1.15)
    report.at_most(f"user-space CPU a query, EDNS {edns}", pooled_user(rounds["dnsd"]), 0.15,
                   unit=" µs")


def latency(bench, running):
    names = ("p50", "p90", "p99", "p99.9", "max")
    rounds = {s.key: [] for s in running}
    for number in range(bench.options.rounds):
        for server in running:
            load, _ = measure.load(server, bench.options.seconds, "--rate", RATE, "--edns")
            rounds[server.key].append(dict(load["latency_us"], lost=load["lost"]))
            bench.say(f"latency, round {number + 1}: {server.name}: "
                      f"p99 {load['latency_us']['p99']:.0f} µs")
    bench.report.data["latency"] = rounds
    middle = {key: {n: median([r[n] for r in figures]) for n in names}
              for key, figures in rounds.items()}
    bench.report.section(
        f"Latency at {RATE:,} q/s", "As above, EDNS on; a query counts from when it was due. "
        "Microseconds.",
        [["server", *names, "lost"],
         *([s.name, *(f"{middle[s.key][n]:.0f}" for n in names),
            sum(r["lost"] for r in rounds[s.key])] for s in running)])
    peers = [s for s in running if s.key not in ("floor", "dnsd")]
    if "dnsd" in middle and peers:
        best = min(peers, key=lambda s: middle[s.key]["p99"])
        bench.report.at_most(f"p99 at {RATE:,} q/s, and the best peer's", middle["dnsd"]["p99"],
                             middle[best.key]["p99"], 1, " µs", best.name)

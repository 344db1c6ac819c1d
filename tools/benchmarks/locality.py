"""What answers by the client's place cost: dnsd by load and place, beside itself without and the
peers' answers by place."""
import harness

from benchmarks import measure, servers
from benchmarks.measure import GENERATOR_CPU, SERVER_CPU, median
from benchmarks.zones import APEX, Sites

SITES, NODES = 1000, 10
SUBNETS = 16_384    # different /24 that queries come from
PREFIXES = 20_000   # of the larger table
MOST_MORE = 1.15    # CPU a query with locality, of that without


class DnsdByPlace(servers.Dnsd):
    """The nearest of four regions first, while it is not much busier; clients by their subnets."""
    key, name = "dnsd-place", "dnsd by load and place"
    prefixes = 0

    def prepare(self):
        super().prepare()
        regions = [f"r{r}" for r in range(4)]
        lines = [f"listen: ['{self.address[0]}:{self.address[1]}']", "workers: 1",
                 f"zones: [{{apex: {APEX}, file: {self.zone}}}]",
                 f"heartbeat: {{listen: '{self.heartbeat[0]}:{self.heartbeat[1]}'}}",
                 "sites: [{name: '*', prefer: locality}]",
                 "regions: [" + ", ".join(
                     f"{{name: r{r}, order: [{', '.join(regions[r:] + regions[:r])}]}}"
                     for r in range(4)) + "]",
                 "nodes:", *(f"  - {{addresses: [{address}], region: r{i % 4}}}"
                             for i, address in enumerate(self.sites.nodes_addresses())),
                 "subnets:", *(f"  - {{clients: {prefix}, region: r{r}}}"
                               for prefix, r in self._subnets())]
        (self.folder / "dnsd.yaml").write_text("\n".join(lines) + "\n")

    def _subnets(self):
        yield from ((net, r) for r, net in enumerate(servers.QUARTERS))
        for i in range(self.prefixes):
            number = i * 0x9E3779B1 >> 8 & 0xFFFFFF  # scattered
            yield f"{number >> 16}.{number >> 8 & 255}.{number & 255}.0/24", i % 4

    def command(self):
        return [harness.BUILD / "dnsd", "--config", self.folder / "dnsd.yaml"]


class DnsdByManyPlaces(DnsdByPlace):
    key, name = "dnsd-places", f"dnsd by load and place, {PREFIXES:,} prefixes"
    prefixes = PREFIXES


class KnotGeoip(servers.KnotGeoip):
    """Looks at client subnets too."""
    server_option = "  edns-client-subnet: on\n"


CASES = [(servers.Dnsd, False), (DnsdByPlace, True), (DnsdByManyPlaces, True),
         (servers.GdnsdGeoip, False), (servers.GdnsdGeoip, True),
         (KnotGeoip, False), (KnotGeoip, True)]


def locality(bench):
    running = []
    rounds = {case: [] for case in range(len(CASES))}
    try:
        started = {}
        for kind, _ in CASES:
            if kind in started:
                continue
            server = kind(bench.folder("locality"), Sites(SITES, NODES))
            running.append(server)
            started[kind] = server.start(SERVER_CPU)
            if isinstance(server, servers.Dnsd):
                server.feed(GENERATOR_CPU)
        for number in range(bench.options.rounds):
            for case, (kind, by_subnet) in enumerate(CASES):
                flags = ["--subnets", SUBNETS] if by_subnet else ["--edns"]
                load, cpu = measure.load(started[kind], bench.options.seconds, *flags)
                rounds[case].append({"qps": load["queries_per_second"],
                                     "cpu_us": cpu.total / load["answered"] * 1e6,
                                     "generator_busy": load["generator"]["busy_share"],
                                     "lost": load["lost"]})
                bench.say(f"locality, round {number + 1}: {kind.name}"
                          f"{', client subnets' if by_subnet else ''}: "
                          f"{rounds[case][-1]['cpu_us']:.2f} µs a query")
    finally:
        for server in running:
            server.stop()
        bench.discard(bench.folder("locality"))
    report(bench.report, rounds)


def report(out, rounds):
    out.data["locality"] = {f"{kind.key}{'-subnets' if subnets else ''}": rounds[case]
                            for case, (kind, subnets) in enumerate(CASES)}

    def to_own(case):
        """CPU, of that of the same server's queries without subnets."""
        kind = CASES[case][0]
        base = next(c for c, (k, subnets) in enumerate(CASES)
                    if not subnets and (k is kind or issubclass(kind, servers.Dnsd)))
        return median([a["cpu_us"] / b["cpu_us"] for a, b in zip(rounds[case], rounds[base])])
    rows = [["server", "queries with client subnets", "q/s", "CPU µs a query", "of that without",
             "generator busy", "spread"]]
    for case, (kind, subnets) in enumerate(CASES):
        figures = rounds[case]
        rows.append([kind.name, "yes" if subnets else "no",
                     f"{median([r['qps'] for r in figures]):,.0f}",
                     f"{median([r['cpu_us'] for r in figures]):.2f}",
                     f"{to_own(case):.2f}" if subnets else "",
                     f"{median([r['generator_busy'] for r in figures]) * 100:.0f} %",
                     f"{measure.spread([r['cpu_us'] for r in figures]):.0f} %"])
    out.section(
        "Answers by place", f"One worker, {SITES:,} sites of four members, saturation, EDNS on. With client subnets: each "
        f"query has one of {SUBNETS:,} (RFC 7871), and what answers by place looks it up: dnsd in four regions "
        "(`prefer: locality`: the nearest members that are not much busier), the peers in a list of four. "
        "What dnsd costs without is its plain answer by load to queries without subnets.", rows)
    out.at_most("CPU a query by load and place with client subnets, of that by load alone",
                to_own(1), MOST_MORE)
    out.at_most(f"… with {PREFIXES:,} prefixes", to_own(2), MOST_MORE)

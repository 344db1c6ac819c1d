"""Starting with very many sites, the memory they take, and a reload of them under load."""
import math

from benchmarks import measure, servers
from benchmarks.measure import GENERATOR_CPU, SERVER_CPU, median
from benchmarks.zones import Sites

MANY, MORE = 250_000, 1_000_000
NODES = 1000
RELOAD_RATE = 50_000


class OwnPools(servers.Dnsd):
    key, name = "dnsd-own-pools", "dnsd by load, a pool of its own for each site"


STATIC = [servers.GdnsdStatic, servers.KnotStatic, servers.NsdStatic]
WITH_MANY = [servers.Dnsd, OwnPools, *STATIC, servers.BindStatic, servers.KnotGeoip]
WITH_MORE = [servers.Dnsd, *STATIC]


def start(bench):
    wanted = {*bench.options.servers, *(["dnsd-own-pools"] if "dnsd" in bench.options.servers
                                        else [])}
    many = measure_starts(bench, MANY, [s for s in WITH_MANY if s.key in wanted],
                          bench.options.rounds)
    report_starts(bench.report, MANY, many)
    start_targets(bench.report, many)
    if not bench.options.skip_million:
        more = measure_starts(bench, MORE, [s for s in WITH_MORE if s.key in wanted], 1)
        report_starts(bench.report, MORE, more)
        linear_targets(bench.report, many, more)


def measure_starts(bench, count, kinds, rounds):
    """{server: [figures of a round]}"""
    folder = bench.folder(f"start-{count}")
    ready, results = [], {}
    for kind in kinds:
        bench.say(f"start: writes {count:,} sites for {kind.name}")
        ready.append(kind(folder, Sites(count, NODES, distinct=kind is OwnPools)))
    for number in range(rounds):
        for server in ready:
            try:
                figures = one_start(server)
            finally:
                server.stop()
            results.setdefault(server.key, []).append(figures)
            bench.say(f"start with {count:,} sites, round {number + 1}: {server.name}: "
                      f"{figures['seconds']:.2f} s, {figures['pss']:.0f} MiB")
    bench.report.data[f"start_{count}"] = results
    bench.discard(folder)
    return results


def one_start(server):
    seconds = measure.first_answer(server)
    figures = {"seconds": seconds, "start_cpu": measure.cpu_seconds(server.pid),
               "pss": measure.pss(server.pid)}
    if isinstance(server, servers.Dnsd):
        server.feed(GENERATOR_CPU, interval="10s")
    load, cpu = measure.load(server, 2, "--rate", 50_000)  # 100,000 queries
    figures.update(pss_after=measure.pss(server.pid), lost=load["lost"],
                   cpu_us=cpu.total / load["answered"] * 1e6)
    return figures


def name_of(key):
    return OwnPools.name if key == OwnPools.key else servers.ALL[key].name


def middle(figures, figure):
    return median([r[figure] for r in figures])


def report_starts(report, count, results):
    report.section(
        f"{count:,} sites of four members",
        f"{count * 4:,} records, pools out of {NODES:,} nodes; the server may use all cores while "
        "it starts. From exec to the first right answer for the last name, asked for each "
        "millisecond; then memory (PSS of all its processes), and again after 100,000 queries for "
        "names at random. dnsd has no reporters at first and answers with all members; the second "
        f"reading is with {NODES:,} reporters on a connection each, every answer by load.",
        [["server", "first right answer, s", "CPU, s", "PSS then, MiB", "after 100,000 queries",
          "spread of s"],
         *([name_of(key), f"{middle(figures, 'seconds'):.2f}",
            f"{middle(figures, 'start_cpu'):.2f}", f"{middle(figures, 'pss'):.0f}",
            f"{middle(figures, 'pss_after'):.0f}",
            f"{measure.spread([r['seconds'] for r in figures]):.0f} %"]
           for key, figures in results.items())])


def start_targets(report, results):
    static = [k.key for k in (*STATIC, servers.BindStatic) if k.key in results]
    if "dnsd" not in results or not static:
        return
    fastest = min(static, key=lambda k: middle(results[k], "seconds"))
    lean = {f: min(static, key=lambda k: middle(results[k], f)) for f in ("pss", "pss_after")}
    for key in ("dnsd", OwnPools.key):
        what = "250,000 sites" if key == "dnsd" else "the same, a pool of its own for each site"
        report.at_most(f"{what}: first right answer, and the fastest static peer's",
                       middle(results[key], "seconds"), middle(results[fastest], "seconds"), 2,
                       " s", name_of(fastest))
        for figure, when in (("pss", "PSS then, and the leanest static peer's"),
                             ("pss_after", "PSS with reporters, after 100,000 queries")):
            report.at_most(f"{what}: {when}", middle(results[key], figure),
                           middle(results[lean[figure]], figure), 0, " MiB",
                           name_of(lean[figure]))


def linear_targets(report, many, more):
    if "dnsd" not in many or "dnsd" not in more:
        return
    for figure, what in (("seconds", "first right answer"), ("pss", "PSS then")):
        ratio = middle(more["dnsd"], figure) / middle(many["dnsd"], figure)
        report.at_most(f"1,000,000 sites: {what}, of that with 250,000", ratio, MORE / MANY)


def reload(bench):
    """dnsd alone: its whole process on the server's core, so that reading the zone competes with
    answering, and the generator is left in peace."""
    sites = Sites(MANY, 10)  # few reporters, seldom: their beats are not to disturb the latencies
    bench.say(f"reload: starts with {MANY:,} sites")
    server = servers.Dnsd(bench.folder("reload"), sites)
    rounds = []
    try:
        server.start(SERVER_CPU).feed(GENERATOR_CPU, interval="60s")
        for number in range(bench.options.rounds):
            rounds.append(one_reload(server, sites, number + 2))
            bench.say(f"reload, round {number + 1}: {rounds[-1]['reload_seconds']:.2f} s, "
                      f"lost {rounds[-1]['lost']}, p99.9 {rounds[-1]['during']['p99.9']:.0f} µs, "
                      f"undisturbed {rounds[-1]['calm']['p99.9']:.0f} µs")
    finally:
        server.stop()
    report_reload(bench.report, rounds)


def one_reload(server, sites, serial):
    seconds = max(6, math.ceil(3 * measure.reload_alone(server)))  # two thirds are left for it
    calm, *_ = measure.reload_under_load(server, seconds, RELOAD_RATE, "--edns", change=None)
    during, taken, within = measure.reload_under_load(
        server, seconds, RELOAD_RATE, "--edns",
        change=lambda: sites.write(server.zone, serial=serial))
    return {"calm": calm["latency_us"], "during": during["latency_us"], "reload_seconds": taken,
            "within": within, "lost": during["lost"] + calm["lost"], "sent": during["sent"],
            "seconds": seconds}


def report_reload(report, rounds):
    report.data["reload"] = rounds
    names = ("p50", "p99", "p99.9", "max")
    calm, during = ({n: median([r[which][n] for r in rounds]) for n in names}
                    for which in ("calm", "during"))
    lost = sum(r["lost"] for r in rounds)
    report.section(
        f"Reload of 250,000 sites under {RELOAD_RATE:,} q/s",
        f"SIGHUP a third into {rounds[0]['seconds']} s, the zone's serial changed; all of dnsd on "
        f"core 0. The reload took {median([r['reload_seconds'] for r in rounds]):.2f} s"
        + ("" if all(r["within"] for r in rounds) else ", **longer than the load**")
        + ". Microseconds.",
        [["", *names, "lost"],
         ["undisturbed", *(f"{calm[n]:.0f}" for n in names), ""],
         ["with a reload", *(f"{during[n]:.0f}" for n in names), lost]])
    report.target("queries lost to a reload", f"{lost}", "0", lost == 0)
    report.at_most("p99.9 with the reload, of the undisturbed",
                   median([r["during"]["p99.9"] / r["calm"]["p99.9"] for r in rounds]), 2)

"""Scenario 5: several dnsd that share the queries without talking to each other, and resolvers
that cache in spite of a TTL of 0."""
import dataclasses

from experiments import lanes, results
from experiments.cluster import Control, Load
from experiments.node import PAGE, Shape

POLICIES = ["ideal", "round_robin", "least_load", "quota", "least_cost"]
RESOLVERS = 8
SHAPES = (Shape(cpu=0.02), Shape(cpu=0.04), Shape(cpu=0.08))
SHARE = 0.6

VARIANTS = {
    "one-dnsd": ("One dnsd", Control()),
    "three-dnsd": ("Three dnsd, each asked by a third of the sessions", Control(dnsds=3)),
    **{f"cache-{s}": (f"Three dnsd behind {RESOLVERS} resolvers (unbound) that keep answers for "
                      f"{s} s", Control(dnsds=3, resolvers=RESOLVERS, cache=s))
       for s in (0, 5, 30)},
}


def run(experiment):
    seconds = experiment.seconds(40)
    for name, (title, control) in VARIANTS.items():
        if experiment.wants(name):
            _variant(experiment, name, title, control, seconds)


def _variant(experiment, name, title, control, seconds):
    policies = experiment.policies(POLICIES)
    load = Load(seconds=seconds, paths=[[PAGE, 1]], requests=(1, 3), timeout=5.0)
    rows = {p: [] for p in policies}
    with lanes.clusters(experiment.space, SHAPES, control,
                        lanes.count(SHAPES, len(policies), experiment.lanes)) as built:
        cost = built[0].cost_of_session(load)
        load = dataclasses.replace(load, rate=SHARE * sum(s.cpu for s in SHAPES) / cost)
        for repetition in range(experiment.repetitions):
            load.seed = 2000 + repetition
            for policy, run_ in lanes.side_by_side(
                    built, policies, lambda c, p: c.measure(p, load)).items():
                rows[policy].append(results.of_sessions(run_, load))
            experiment.say(f"{name} {repetition + 1}: " + ", ".join(
                f"{p} {1e3 * rows[p][-1].get('mean', 0):.0f} ms {rows[p][-1]['failed']} failed"
                for p in policies))
    experiment.keep(name, {"rate": load.rate, "cost": cost, "policies": rows})
    head = ["policy", "mean, ms", "÷ ideal", "p50, ms", "p95, ms", "p99, ms", "failed, %"]
    table = [head]
    for policy, found in rows.items():
        cells = [results.spread([f.get(k) for f in found], 0, 1e3)
                 for k in ("mean", "p50", "p95", "p99")]
        relative = (results.spread(results.ratios(found, rows["ideal"], "mean"))
                    if "ideal" in rows else "-")
        table.append([policy, cells[0], relative, *cells[1:], results.spread(
            [100 * f["failed"] / max(1, f["sessions"]) for f in found], 1)])
    clients = ("the n-th resolver has 1/n of the first one's sessions; " if control.resolvers
               else "")
    experiment.section(title, f"Nodes 1 : 2 : 4 at {SHARE:g} of what they can, "
                       f"{load.rate:.1f} sessions a second, {clients}{seconds:g} s.", table)

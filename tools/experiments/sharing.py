"""Scenario 5: several dnsd that share the queries without talking to each other, and resolvers
that cache in spite of a TTL of 0."""
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
    seconds = experiment.seconds(30)
    for name, (title, control) in VARIANTS.items():
        if experiment.wants(name):
            _variant(experiment, name, title, control, seconds)


def _variant(experiment, name, title, control, seconds):
    policies = experiment.policies(POLICIES)
    load = Load(seconds=seconds, paths=[[PAGE, 1]], requests=(1, 3), timeout=5.0)
    offered = {}
    with lanes.clusters(experiment.space, SHAPES, control,
                        lanes.count(SHAPES, len(policies), experiment.lanes)) as built:
        def prepare(repetition):
            load.seed = 2000 + repetition
            cost = lanes.cost_of_session(built, load)
            load.rate = SHARE * sum(s.cpu for s in SHAPES) / cost
            offered.update(rate=load.rate, cost=cost)
            return lambda cluster, policy: cluster.measure(policy, load)
        rows = lanes.rounds(experiment, name, built, policies, prepare,
                            lambda run_: results.of_sessions(run_, load) | offered)
    experiment.say(f"{name}: {results.brief(rows, 'mean', 1e3)} ms")
    experiment.keep(name, {"policies": rows})
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
    experiment.section(title, f"Nodes 1 : 2 : 4 at {SHARE:g} of what they can. "
                       + results.offered(rows) + f"; {clients}{seconds:g} s.", table)

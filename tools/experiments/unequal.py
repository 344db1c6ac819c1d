"""Scenario 3: nodes that are not alike, or do not stay alike."""
from experiments import lanes, pictures, results
from experiments.cluster import Control, Load
from experiments.node import PAGE, Shape

POLICIES = ["ideal", "round_robin", "least_load", "quota", "dynamic_weight", "least_cost"]
TIMEOUT = 5.0

EQUAL = (Shape(cpu=0.04),) * 4
# name: (title, shapes, load, what befalls)
VARIANTS = {
    "unequal": ("Nodes 1 : 2 : 4, at 0.7 of what they can",
                (Shape(cpu=0.02), Shape(cpu=0.04), Shape(cpu=0.08)), 0.7, None),
    "slow": ("Four nodes at 0.6; one slows down four-fold after a third of the time", EQUAL, 0.6,
             ("slow", 4)),
    "dies": ("Four nodes at 0.6; one dies after a third of the time", EQUAL, 0.6, ("die", None)),
    "errors": ("Four nodes at 0.6; after a third of the time one answers every request with "
               "status 500, at once, while its health check stays well", EQUAL, 0.6,
               ("fail", None)),
}


def run(experiment, variants=VARIANTS):
    for name, (title, shapes, share, event) in variants.items():
        if experiment.wants(name):
            _variant(experiment, name, title, shapes, share, event)


def _variant(experiment, name, title, shapes, share, event):
    policies = experiment.policies(POLICIES)
    seconds = experiment.seconds(30)
    # Sessions of one to three requests over one connection.
    load = Load(seconds=seconds, paths=[[PAGE, 1]], requests=(1, 3), timeout=TIMEOUT)
    events = [(seconds / 3, 1, *event)] if event else []
    number = lanes.count(shapes, len(policies), experiment.lanes)
    with lanes.clusters(experiment.space, shapes, Control(), number) as built:
        offered = {}

        def prepare(repetition):
            load.seed = 1000 + repetition
            cost = lanes.cost_of_session(built, load)
            load.rate = share * sum(s.cpu for s in shapes) / cost
            offered.update(rate=load.rate, cost=cost)
            return lambda cluster, policy: cluster.measure(policy, load, events)

        def figures_of(run_):
            figures = results.of_sessions(run_, load) | offered
            figures["course"] = pictures.course(run_)
            if event:
                hit = built[0].nodes[1].address
                figures["share_after"] = results.share_of(run_, hit, seconds / 3 + 3)
            return figures
        rows = lanes.rounds(experiment, name, built, policies, prepare, figures_of)
    experiment.say(f"{name}: {results.brief(rows, 'mean', 1e3)} ms")
    experiment.keep(name, {"policies": rows})
    experiment.draw(name, title, rows, seconds / 3 if event else None)
    experiment.section(title, results.offered(rows) + f" of one to three requests, {seconds:g} s.",
                       _rows(rows, event))


def _rows(rows, event):
    head = ["policy", "mean, ms", "÷ ideal", "p50, ms", "p95, ms", "p99, ms", "done, 1/s",
            "failed, %"]
    head += ["lost, s of traffic", "share of that node, %"] if event else ["busiest ÷ mean"]
    table = [head]
    for policy, figures in rows.items():
        def column(key, digits=0, scale=1.0, figures=figures):
            return results.spread([f.get(key) for f in figures], digits, scale)
        ideal = rows.get("ideal")
        row = [policy, column("mean", 0, 1e3),
               results.spread(results.ratios(figures, ideal, "mean")) if ideal else "-",
               *(column(p, 0, 1e3) for p in ("p50", "p95", "p99")), column("throughput", 1),
               results.spread([100 * f["failed"] / max(1, f["sessions"]) for f in figures], 1)]
        row += ([column("lost", 2), column("share_after", 1, 100)] if event
                else [column("imbalance", 2)])
        table.append(row)
    return table

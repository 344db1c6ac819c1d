"""Scenario 2: small and memory-hungry requests mixed on two nodes (Rhee): how far apart their free
memory drifts."""
import statistics

from experiments import lanes, results
from experiments.cluster import Control, Load
from experiments.node import Shape

POLICIES = ["round_robin", "wlc", "wlc:memory+1", "wlc:memory+k", "memory_weight",
            "memory_weight+k", "least_cost", "least_cost:exponential"]
MIB = 1 << 20
BIG_MIB, BIG_SECONDS, SMALL = 16, 6.0, 19  # small requests for each big one

# name: (title, memory of each node in MiB)
VARIANTS = {"memory-equal": ("Two nodes of 512 MiB", (512, 512)),
            "memory-unequal": ("Two nodes of 384 and 640 MiB", (384, 640))}
CPU = 0.1
RATE = 50.0  # sessions a second: of 2.5 big ones begun in each, 15 are held at a time


def run(experiment):
    for name, (title, sizes) in VARIANTS.items():
        if experiment.wants(name):
            _variant(experiment, name, title, sizes)


def _variant(experiment, name, title, sizes):
    policies = experiment.policies(POLICIES)
    seconds = experiment.seconds(45)
    shapes = tuple(Shape(cpu=CPU, memory=m * MIB, application=True) for m in sizes)
    load = Load(seconds=seconds, rate=RATE, timeout=15, paths=[
        ["/app/small", SMALL], [f"/app/big/{BIG_MIB}/{BIG_SECONDS:g}", 1]])
    with lanes.clusters(experiment.space, shapes, Control(),
                        lanes.count(shapes, len(policies), experiment.lanes)) as built:
        def prepare(repetition):
            load.seed = 3000 + repetition
            return lambda cluster, policy: cluster.measure(policy, load)
        rows = lanes.rounds(experiment, name, built, policies, prepare,
                            lambda run_: results.of_sessions(run_, load) | _free(run_))
    experiment.say(f"{name}: {results.brief(rows, 'apart')} MiB apart")
    experiment.keep(name, {"policies": rows})
    table = [["policy", "apart, MiB", "p95 apart, MiB", "least free, MiB", "mean, ms", "p99, ms",
              "failed, %"]]
    for policy, found in rows.items():
        table.append([policy, *(results.spread([f[k] for f in found], 0)
                                for k in ("apart", "apart95", "least")),
                      *(results.spread([f.get(k) for f in found], 0, 1e3) for k in ("mean", "p99")),
                      results.spread([100 * f["failed"] / max(1, f["sessions"])
                                      for f in found], 1)])
    experiment.section(title, f"{RATE:g} requests a second, one in {SMALL + 1} holds {BIG_MIB} MiB "
                       f"for {BIG_SECONDS:g} s; {seconds:g} s. Apart: the difference of the nodes' "
                       "free memory, mean over the time (five readings a second).", table)


def _free(run_):
    """How far apart the free memory of the nodes was, in MiB."""
    apart = sorted(abs(a - b) / MIB for _, (a, b) in run_["memory"])
    return {"apart": statistics.fmean(apart), "apart95": results.percentile(apart, 95),
            "least": min(min(free) for _, free in run_["memory"]) / MIB}

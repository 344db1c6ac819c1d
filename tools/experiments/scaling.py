"""Scenario 4: connections and octets a second of one to four nodes, as in Figure 7 of the
cooperating Apache servers."""
from experiments import lanes, results
from experiments.cluster import Control, Load
from experiments.node import Shape

POLICIES = ["ideal", "round_robin", "least_load", "quota", "least_cost"]
VARIANTS = [f"{n}-nodes" for n in (1, 2, 3, 4)]
LINK = 4e6      # bit/s of a node
CLIENTS = 10    # for each node, each fetching one file after another


def run(experiment):
    policies = experiment.policies(POLICIES)
    seconds = experiment.seconds(20)
    figures = {}
    for nodes, name in enumerate(VARIANTS, 1):
        if experiment.wants(name):
            figures[nodes] = _measure(experiment, name, nodes, policies, seconds)
    if figures:
        experiment.section(
            "One to four nodes",
            f"Each node sends {LINK / 1e6:g} Mbit/s at most; {CLIENTS} clients for each fetch "
            f"files of 100 kB one after another, each over a connection of its own to the address "
            f"that the DNS gives it, for {seconds:g} s. ÷ linear: the octets over those of as many "
            "times the one node under the same policy.", _rows(figures, policies))


def _measure(experiment, name, nodes, policies, seconds):
    shapes = (Shape(link=LINK),) * nodes
    load = Load(seconds=seconds, paths=[["/100k", 1]], clients=CLIENTS * nodes, timeout=20)
    with lanes.clusters(experiment.space, shapes, Control(),
                        lanes.count(shapes, len(policies), experiment.lanes)) as built:
        def prepare(repetition):
            load.seed = repetition
            return lambda cluster, policy: cluster.measure(policy, load)
        rows = lanes.rounds(experiment, name, built, policies, prepare,
                            lambda run_: results.of_sessions(run_, load))
    experiment.say(f"{name}: {results.brief(rows, 'throughput')} connections/s")
    experiment.keep(name, {"policies": rows})
    return rows


def _rows(figures, policies):
    table = [["policy", "nodes", "connections, 1/s", "kB/s", "÷ linear", "failed"]]
    for policy in policies:
        for nodes, rows in figures.items():
            found = rows[policy]
            linear = "-"
            if 1 in figures:
                linear = results.spread([o / nodes for o in results.ratios(
                    found, figures[1][policy], "octets")])
            table.append([policy, str(nodes),
                          results.spread([f["throughput"] for f in found], 1),
                          results.spread([f["octets"] / 1e3 for f in found], 0), linear,
                          str(sum(f["failed"] for f in found))])
    return table

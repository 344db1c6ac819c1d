"""Policies measured side by side, each on a cluster of its own, so that a machine that is busier
for a while is so for all of them."""
import concurrent.futures
import contextlib
import os
import statistics

from experiments import cluster

CPU_FOR_NODES = 0.5  # share of the machine that the quotas of all clusters may add up to


def count(shapes, wanted, most):
    """How many clusters run at a time."""
    quota = sum(shape.cpu for shape in shapes)
    fit = int(CPU_FOR_NODES * (os.cpu_count() or 1) / quota) if quota else wanted
    return max(1, min(wanted, fit, most))


@contextlib.contextmanager
def clusters(space, shapes, control, number):
    built = []
    try:
        for lane in range(number):
            built.append(cluster.Cluster(space, lane, shapes, control))
        yield built
    finally:
        for each in built:
            each.close()


def side_by_side(built, policies, measure):
    """{policy: measure(cluster, policy)}, as many at a time as there are clusters."""
    results = {}
    for first in range(0, len(policies), len(built)):
        some = policies[first:first + len(built)]
        with concurrent.futures.ThreadPoolExecutor(len(some)) as pool:
            waiting = {p: pool.submit(measure, c, p) for c, p in zip(built, some)}
            try:
                results |= {p: f.result() for p, f in waiting.items()}
            except BaseException:  # one failed, or we are to end: no use in the others
                built[0].space.end()
                raise
    return results


def cost_of_session(built, load):
    """What a session takes, measured on all clusters at a time, as they will be loaded: processors
    are slower when their neighbours are busy."""
    with concurrent.futures.ThreadPoolExecutor(len(built)) as pool:
        return statistics.fmean(pool.map(lambda c: c.cost_of_session(load), built))


LATE = 0.03  # seconds: a generator whose sessions begin later than this measures the machine
TRIES = 3


def rounds(experiment, name, built, policies, prepare, figures_of):
    """Measures each repetition of a variant: {policy: [figures]}. prepare(repetition) gives the
    measurement of a cluster under a policy, figures_of(run) its figures. A round in which a
    generator was late is measured again, and kept as it is in the end."""
    rows = {p: [] for p in policies}
    for repetition in range(experiment.repetitions):
        for attempt in range(TRIES):
            runs = side_by_side(built, policies, prepare(repetition))
            late = max(run["late_p99"] for run in runs.values())
            if late <= LATE:
                break
            experiment.say(f"{name} {repetition + 1}: sessions began up to {late * 1e3:.0f} ms "
                           "late: the machine is too busy" +
                           ("; again" if attempt < TRIES - 1 else ""))
        if late > LATE:
            experiment.disturbed.append(f"{name} {repetition + 1} ({late * 1e3:.0f} ms late)")
        for policy, run in runs.items():
            rows[policy].append(figures_of(run))
    return rows

"""Policies measured side by side, each on a cluster of its own, so that a machine that is busier
for a while is so for all of them."""
import concurrent.futures
import contextlib
import os

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
            results |= {p: f.result() for p, f in waiting.items()}
    return results

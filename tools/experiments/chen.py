"""Scenario 1: the largest rate that two nodes sustain, with files of 1 MB, 100 kB and 1 kB, and
with an extra load on one of them (Chen and Chi, Tables 4, 5 and 6)."""
import dataclasses

from experiments import lanes, results
from experiments.cluster import Control, Load
from experiments.node import Shape

POLICIES = ["ideal", "round_robin", "least_load", "quota", "least_cost"]
EXTRA = 0.2  # of a node's link

# name: (title, file, link of a node in bit/s). 14.4 Mbit/s are 1.8 files of 1 MB a second, as the
# paper's nodes sent; the links of the smaller files are scaled down, to so many sessions that a
# generator in Python is never the limit.
FILES = {"1M": ("1 MB", "/1M", 14.4e6), "100k": ("100 kB", "/100k", 8e6),
         "1k": ("1 kB", "/1k", 256e3)}
VARIANTS = {f"{name}{suffix}": (title, path, link, extra)
            for name, (title, path, link) in FILES.items()
            for suffix, extra in (("", 0.0), ("-extra", EXTRA))}

LOW, HIGH = 0.8, 1.04  # of the capacity, between which the rate is sought
STEPS = 4              # halvings: to 1.5 % of the capacity
# What dnsd learns from before the rate that counts: it is not as if it had just been started.
LEAD, LEAD_SHARE = 12.0, 0.5


def run(experiment):
    table = [["file", "extra load", "capacity, 1/s", "policy", "sustained, 1/s", "÷ ideal",
              "÷ round robin"]]
    for name, variant in VARIANTS.items():
        if experiment.wants(name):
            table += _variant(experiment, name, *variant)
    if len(table) > 1:
        seconds = _seconds(experiment)
        experiment.section(
            f"The largest rate that two nodes sustain for {seconds:g} s",
            "Sessions of one file each, evenly spaced. A rate is sustained if 95 % of the sessions "
            "of the second half are whole within four times what one alone takes and 0.25 s, and "
            f"none fails. Before it they came at half the capacity for {LEAD:g} s. The extra load "
            f"takes {EXTRA:g} of one node's link. Found by {STEPS} halvings between {LOW:g} and "
            f"{HIGH:g} of the capacity: one step is {(HIGH - LOW) / 2 ** STEPS:.1%} of it, and "
            f"{LOW:g} of it means that or less.", table)


def _seconds(experiment):
    return experiment.seconds(150 if experiment.options.long else 30)


def is_sustained(run_, seconds, limit):
    """Whether the second half of the sessions went well."""
    late = [s for s in run_["sessions"] if s[0] >= seconds / 2]
    good = sum(not s[3] and s[1] <= limit for s in late)
    return bool(late) and good >= 0.95 * len(late) and not any(s[3] for s in run_["sessions"])


def largest(holds, low=LOW, high=HIGH, steps=STEPS):
    """The largest share, to (high - low) / 2^steps, that holds() is true for; `low` if none."""
    for _ in range(steps):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _variant(experiment, name, title, path, link, extra):
    policies = experiment.policies(POLICIES)
    shapes = (Shape(link=link, extra=extra), Shape(link=link))
    seconds = _seconds(experiment)
    load = Load(seconds=seconds, paths=[[path, 1]], arrivals="regular", timeout=10)
    with lanes.clusters(experiment.space, shapes, Control(),
                        lanes.count(shapes, len(policies), experiment.lanes)) as built:
        bits = built[0].cost_of_session(load)
        capacity = link * (2 - extra) / bits
        limit = 4 * bits / link + 0.25
        experiment.say(f"{name}: a session takes {bits / 8:.0f} octets; capacity {capacity:.2f}/s")
        rates = {p: [] for p in policies}
        for repetition in range(experiment.repetitions):
            def sustained(cluster, policy, repetition=repetition):
                def holds(share):
                    offered = dataclasses.replace(load, rate=share * capacity, seed=repetition,
                                                  lead_rate=LEAD_SHARE * capacity)
                    run_ = cluster.measure(policy, offered, lead=LEAD)
                    return is_sustained(run_, seconds, limit)
                return largest(holds) * capacity
            for policy, rate in lanes.side_by_side(built, policies, sustained).items():
                rates[policy].append({"rate": rate})
            experiment.say(f"{name} {repetition + 1}: " + ", ".join(
                f"{p} {rates[p][-1]['rate']:.2f}" for p in policies))
    experiment.keep(f"chen {name}", {"capacity": capacity, "policies": rates})
    return [[title, f"{extra:g}", f"{capacity:.2f}", p,
             results.spread([f["rate"] for f in found]),
             *(results.spread(results.ratios(found, rates[r], "rate")) if r in rates else "-"
               for r in ("ideal", "round_robin"))] for p, found in rates.items()]

"""What may share the sessions out: dnsd under one of its policies, or an ideal splitter."""

# dnsd's options of the site.
POLICIES = {name: {"policy": name} for name in (
    "round_robin", "random", "least_load", "quota", "least_cost", "wlc", "memory_weight",
    "dynamic_weight", "hash")}
POLICIES |= {
    "least_cost:load": {"policy": "least_cost", "cost": "load"},
    "least_cost:cached2": {"policy": "least_cost", "answers_cached": 2},
    "least_cost:cached3": {"policy": "least_cost", "answers_cached": 3},
    "least_cost:exponential": {"policy": "least_cost", "cost": "exponential"},
    "wlc:cpus": {"policy": "wlc", "weights_by": "cpus"},
    "wlc:process_time": {"policy": "wlc", "weights_by": "process_time"},
    "wlc:memory+1": {"policy": "wlc", "weights_by": "memory", "memory_plus": 1},
    "wlc:memory+k": {"policy": "wlc", "weights_by": "memory", "memory_plus": 20},
    "memory_weight+k": {"policy": "memory_weight", "memory_plus": 20},
}
IDEAL = "ideal"  # the generator sends each session to the node with least to do for its capacity
ALL = [IDEAL, *POLICIES]


def site_options(policy, ttl=0, **more):
    """As YAML in flow style."""
    options = {"name": "www.lb.example", **POLICIES[policy], "ttl": ttl, **more}
    return "{" + ", ".join(f"{k}: {v}" for k, v in options.items()) + "}"

"""Every policy with real reporters: one dnsd, one site a policy, four nodes that differ in all that a
policy may ask of them."""
import signal

import harness

NODES = {f"n{i}": f"127.0.4.{i}" for i in range(1, 5)}
N1, N2, N3, N4 = NODES.values()
ALL = tuple(NODES.values())

# Of so many CPUs that a test's own answers are no load.
LOADS = {
    "n1": {"cpu_utilization": 0.1, "connections": 4000, "memory_available_bytes": 100e6,
           "process_time_seconds": 0.01},
    "n2": {"cpu_utilization": 0.3, "connections": 1000, "memory_available_bytes": 450e6,
           "process_time_seconds": 0.02},
    "n3": {"cpu_utilization": 0.5, "connections": 2000, "memory_available_bytes": 800e6,
           "process_time_seconds": 0.02},
    "n4": {"cpu_utilization": 0.6, "connections": 4000, "memory_available_bytes": 100e6,
           "process_time_seconds": 0.04},
}
COMMON = {"cpus": 1000, "mem_utilization": 0.0, "run_queue": 0}

# Site: its options, and each node's share of the answers.
SITES = {
    "cost": ("policy: least_cost, cost: load", (1, 0, 0, 0)),
    "exponential": ("policy: least_cost, cost: exponential", (1, 0, 0, 0)),
    "turns": ("policy: round_robin", (1 / 4, 1 / 4, 1 / 4, 1 / 4)),
    "chance": (f"policy: random, weights: {{{N1}: 3, {N4}: 0}}", (3 / 5, 1 / 5, 1 / 5, 0)),
    "weights": (f"policy: weighted, weights: {{{N1}: 3, {N4}: 0}}", (3 / 5, 1 / 5, 1 / 5, 0)),
    "cpu": ("policy: least_load", (1, 0, 0, 0)),
    # 1 / (9^cpu + 9^0)
    "quota": ("policy: quota, cost_base: 9", (0.357, 0.273, 0.200, 0.169)),
    "fewest": ("policy: wlc", (0, 1, 0, 0)),
    "weighted-fewest": (f"policy: wlc, weights: {{{N1}: 8}}", (1, 0, 0, 0)),
    # 100 more than the fullest has room for, 3,500 kB each
    "memory": ("policy: memory_weight, memory_plus: 100", (1 / 7, 2 / 7, 3 / 7, 1 / 7)),
    "speed": ("policy: dynamic_weight", (4 / 9, 2 / 9, 2 / 9, 1 / 9)),
    "groups": (f"policy: failover, groups: [{{members: {N1}}}, {{members: {N3}}}]", (1, 0, 0, 0)),
}
# Whom a client gets is its network's affair: any one of them, always the same.
HASHED = {"sticky": "policy: hash, bound: 3", "bounded": "policy: hash, bound: 0.25"}

HEAD = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
"""


def zone_of(sites):
    return HEAD + "".join(f"{site} 300 A {address}\n" for site in sites for address in ALL)


def config_of(options, heartbeat=""):
    sites = "".join(f"  - {{name: {site}.lb.example, {text}}}\n" for site, text in options.items())
    return f"workers: 1\nheartbeat: {{warm_up: 0s{heartbeat}}}\nsites:\n{sites}"


# A late report moves no network to another node.
PATIENT = ", suspect_after: 10, dead_after: 11"


class Policies(harness.TestCase):
    def fleet(self, options, heartbeat=""):
        server = self.dnsd(zone=zone_of(options), config=config_of(options, heartbeat))
        self.nodes = {node: self.reporter(server, node, address, load=COMMON | LOADS[node])
                      for node, address in NODES.items()}
        server.wait_heard(*NODES)
        return server

    def all_sites(self, heartbeat=""):
        return self.fleet({site: text for site, (text, _) in SITES.items()} | HASHED, heartbeat)

    def networks(self, server, site, count=60):
        """What clients of so many networks are answered, by network."""
        return {i: server.answers(f"{site}.lb.example", source=f"127.7.{i}.1")[0]
                for i in range(count)}

    def test_answers_are_shared_as_each_policy_has_it(self):
        server = self.all_sites()
        for site, (text, shares) in SITES.items():
            with self.subTest(text):
                count, seen = 280, []

                def near():
                    answers = [server.answers(f"{site}.lb.example")[0] for _ in range(count)]
                    seen[:] = [answers.count(address) / count for address in ALL]
                    return all(abs(is_ - due) < (0.1 if 0 < due < 1 else 0.01)
                               for is_, due in zip(seen, shares))
                try:
                    harness.wait_until(near, 10 * harness.PATIENCE, "", server)
                except AssertionError as error:
                    self.fail(f"{text}: wanted {shares}, last saw {seen}; {error}")

    def test_hash_keeps_each_network_on_its_node(self):
        server = self.all_sites(PATIENT)
        first = self.networks(server, "sticky")
        for node in ALL:  # a quarter of sixty each; the loads differ, the bound is wide
            self.assertGreater(list(first.values()).count(node), 3)
        for _ in range(3):
            self.assertEqual(self.networks(server, "sticky"), first)
        # 0.6 is half as much again as the mean, and twice the bound above it.
        self.assertNotIn(N4, self.networks(server, "bounded").values())

    def test_a_dead_node_gets_nothing_whatever_the_policy(self):
        server = self.all_sites(PATIENT)
        before = self.networks(server, "sticky")
        self.nodes["n1"].kill()
        server.wait_states(n1="dead")
        for site in SITES:
            with self.subTest(site):
                self.assertNotIn(N1, server.sample(f"{site}.lb.example"))
        server.wait_for("groups.lb.example", [N3])
        after = self.networks(server, "sticky")
        self.assertEqual({i: a for i, a in after.items() if before[i] != N1},
                         {i: a for i, a in before.items() if a != N1})
        self.assertNotIn(N1, after.values())

    def test_a_node_that_leaves_gets_nothing_whatever_the_policy(self):
        server = self.all_sites()
        self.assertEqual(self.nodes["n1"].stop(), 0)
        server.wait_states(n1="leaving")
        for site in [*SITES, *HASHED]:
            with self.subTest(site):
                self.assertNotIn(N1, server.sample(f"{site}.lb.example"))

    def test_too_few_left_bring_the_suspects_back(self):
        server = self.fleet({"on": "policy: round_robin", "off": "policy: round_robin, panic: 0",
                             "cost": "cost: load, answers: 4"},
                            heartbeat=", dead_after: 1000")
        for node in ("n2", "n3", "n4"):  # silent, not dead
            self.addCleanup(self.nodes[node].signal, signal.SIGCONT)
            self.nodes[node].signal(signal.SIGSTOP)
        server.wait_states(n2="suspect", n3="suspect", n4="suspect")
        server.wait_for("on.lb.example", ALL)
        server.wait_for("cost.lb.example", ALL)
        server.wait_for("off.lb.example", [N1])
        self.assertRegex(server.get("/metrics"), r"(?m)^dnsd_panic_total [1-9]")
        self.nodes["n2"].signal(signal.SIGCONT)
        server.wait_states(n2="alive")
        for site in ("on", "off"):
            server.wait_for(f"{site}.lb.example", [N1, N2])

    def test_a_group_that_comes_back_answers_again(self):
        server = self.fleet({"groups": SITES["groups"][0]})
        server.wait_for("groups.lb.example", [N1])
        self.addCleanup(self.nodes["n1"].signal, signal.SIGCONT)
        self.nodes["n1"].signal(signal.SIGSTOP)
        server.wait_for("groups.lb.example", [N3])
        self.nodes["n1"].signal(signal.SIGCONT)
        server.wait_for("groups.lb.example", [N1], seconds=15)

    def test_options_that_cannot_be_are_refused_with_line_and_value(self):
        zone = self.write("lb.zone", HEAD)
        for option, found in (("panic: 1.5", "1.5"), ("panic: most", "most"), ("panic: -0.1", "-0.1"),
                              ("policy: cheapest", "cheapest"), ("cost: money", "money"),
                              ("cost_base: 1", "1"), ("smoothing: 1", "1"), ("bound: -1", "-1"),
                              ("quota_every: 0", "0"), ("weights: {nowhere: 3}", "nowhere"),
                              (f"weights: {{{N1}: -3}}", "-3"), ("weights_by: size", "size"),
                              ("memory_plus: 0", "0"), ("memory_per_connection: 0", "0"),
                              ("groups: [{members: nobody}]", "nobody")):
            with self.subTest(option):
                path = self.write("dnsd.yaml", f"sites:\n  - name: a.lb.example\n    {option}\n")
                done = self.run_program("dnsd", "check", "--config", path, "--listen", "127.0.0.1:0",
                                        "--zone", f"lb.example={zone}")
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stdout + done.stderr, rf"dnsd\.yaml:3: .*{found}")


if __name__ == "__main__":
    harness.main()

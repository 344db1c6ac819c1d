"""Which node hosts which site: lists, directories, and wildcard pools that follow them."""
import harness

NODES = {"n1": "127.0.1.1", "n2": "127.0.1.2", "n3": "127.0.1.3"}
HEAD = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
"""
POOL = "".join(f"{{0}} 0 A {address}\n" for address in NODES.values())
ZONE = HEAD + POOL.format("www") + POOL.format("api") + POOL.format("*.hosting")
# Turns make every answering node show, whatever its cost.
TURNS = "heartbeat: {warm_up: 0s}\nsite_defaults: {policy: round_robin}\n"


class Hosting(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.dnsd(zone=ZONE, config=TURNS)

    def directory(self, node, *sites):
        """A directory of sites, one entry each, and the arguments that name it."""
        path = self.folder / f"{node}-sites"
        path.mkdir()
        for site in sites:
            (path / site).mkdir()
        return path, ("--sites-dir", path)

    def test_a_node_without_a_list_hosts_every_site_of_its_addresses(self):
        self.reporter(self.server, "n1", "127.0.1.1", arguments=("--sites", "www.lb.example"))
        self.reporter(self.server, "n2", "127.0.1.2")
        self.server.wait_heard("n1", "n2")
        self.server.wait_for("api.lb.example", ["127.0.1.2", "127.0.1.3"], count=60)

    def test_a_node_answers_for_the_sites_it_names_alone(self):
        for name, address in NODES.items():
            site = "api.lb.example" if name == "n1" else "www.lb.example"
            self.reporter(self.server, name, address, arguments=("--sites", site))
        self.server.wait_for("api.lb.example", ["127.0.1.1"])
        self.server.wait_for("www.lb.example", ["127.0.1.2", "127.0.1.3"], count=60)

    def test_a_site_dropped_on_one_node_is_lost_there_only(self):
        path, arguments = self.directory("n1", "www.lb.example", "api.lb.example")
        self.reporter(self.server, "n1", "127.0.1.1", arguments=arguments)
        for name in ("n2", "n3"):
            self.reporter(self.server, name, NODES[name],
                          arguments=("--sites", "www.lb.example", "api.lb.example"))
        self.server.wait_for("www.lb.example", NODES.values(), count=60)
        (path / "www.lb.example").rmdir()
        self.server.wait_for("www.lb.example", ["127.0.1.2", "127.0.1.3"], count=60)
        self.server.wait_for("api.lb.example", NODES.values(), count=60)
        (path / "www.lb.example").mkdir()
        self.server.wait_for("www.lb.example", NODES.values(), count=60)

    def test_sites_under_a_wildcard_live_where_they_are_hosted(self):
        one, arguments1 = self.directory("n1", "shop.hosting.lb.example")
        _, arguments2 = self.directory("n2", "blog.hosting.lb.example")
        self.reporter(self.server, "n1", "127.0.1.1", arguments=arguments1)
        self.reporter(self.server, "n2", "127.0.1.2", arguments=arguments2)
        self.reporter(self.server, "n3", "127.0.1.3", arguments=("--sites", "www.lb.example"))
        self.server.wait_heard(*NODES)
        self.server.wait_for("shop.hosting.lb.example", ["127.0.1.1"])
        self.server.wait_for("blog.hosting.lb.example", ["127.0.1.2"])
        (one / "new.hosting.lb.example").mkdir()  # a new site needs no zone edit
        self.server.wait_for("new.hosting.lb.example", ["127.0.1.1"])

    def test_a_site_is_found_whatever_its_case(self):
        for name, address in NODES.items():
            site = "Shop.Hosting.LB.example." if name == "n1" else "www.lb.example"
            self.reporter(self.server, name, address, arguments=("--sites", site))
        self.server.wait_for("sHOp.hosting.lb.eXample", ["127.0.1.1"])

    def test_a_thousand_sites_of_a_node(self):
        path, arguments = self.directory("n1", *(f"s{i}.hosting.lb.example" for i in range(1000)))
        for name in ("n2", "n3"):
            self.reporter(self.server, name, NODES[name], arguments=("--sites", "www.lb.example"))
        self.reporter(self.server, "n1", "127.0.1.1", arguments=arguments)
        for i in (0, 500, 999):
            self.server.wait_for(f"s{i}.hosting.lb.example", ["127.0.1.1"], count=5)


if __name__ == "__main__":
    harness.main()

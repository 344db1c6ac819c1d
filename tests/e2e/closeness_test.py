"""Members near the client: shared prefixes, configured lists, and the client subnet of EDNS."""
import harness
from dnswire import opt_record, subnet_option

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   10.1.0.1
www     0 A   10.2.0.1
www     0 A   172.16.0.1
static 60 A   192.0.2.1
"""
A, B, C = "10.1.0.1", "10.2.0.1", "172.16.0.1"
IDLE, BUSY = {"cpu_utilization": 0.05}, {"cpu_utilization": 0.85}
FAST = "heartbeat: {warm_up: 0s}\n"


class Closeness(harness.TestCase):
    def fleet(self, config="", loads=(IDLE, IDLE, IDLE)):
        server = self.dnsd(zone=ZONE, config=FAST + config)
        for name, address, load in zip("abc", (A, B, C), loads):
            self.reporter(server, name, address, load=load)
        server.wait_heard("a", "b", "c")
        return server

    def nearest(self, server, client, length=24, count=5):
        """The addresses answered first to clients of a subnet."""
        opt = opt_record(options=[subnet_option(client, length)])
        return {server.answers("www.lb.example", edns=opt)[0] for _ in range(count)}

    def wait_nearest(self, server, client, address, length=24):
        harness.wait_until(lambda: self.nearest(server, client, length) == {address},
                           5 * harness.PATIENCE, f"{client} gets {address}", server)

    def test_among_equals_the_nearest_answers(self):
        server = self.fleet()
        for client, address in (("10.1.7.0", A), ("10.2.7.0", B), ("172.16.7.0", C)):
            self.wait_nearest(server, client, address)

    def test_cost_comes_before_closeness(self):
        server = self.fleet(loads=(BUSY, IDLE, BUSY))
        self.wait_nearest(server, "10.1.7.0", B)

    def test_order_locality_puts_closeness_before_cost(self):
        server = self.fleet("site_defaults: {order: locality}\n", loads=(BUSY, IDLE, IDLE))
        self.wait_nearest(server, "10.1.7.0", A)

    def test_a_configured_list_comes_before_shared_prefixes(self):
        server = self.fleet("subnets:\n  - {clients: 10.1.0.0/16, order: [172.16.0.0/12, 10.2.0.1]}\n")
        self.wait_nearest(server, "10.1.7.0", C)
        self.wait_nearest(server, "10.2.7.0", B)

    def test_without_a_subnet_the_source_address_stands_for_the_client(self):
        zone = ZONE.replace(A, "127.9.0.1").replace(B, "127.200.0.1")
        zone = zone.replace(f"www     0 A   {C}\n", "")  # which would have an unknown's share
        server = self.dnsd(zone=zone, config=FAST)
        for name, address in (("a", "127.9.0.1"), ("b", "127.200.0.1")):
            self.reporter(server, name, address)
        server.wait_for("www.lb.example", ["127.9.0.1"], count=5, source="127.9.7.7")
        server.wait_for("www.lb.example", ["127.200.0.1"], count=5, source="127.200.7.7")

    def test_dig_gets_the_scope_that_the_answer_depended_on(self):
        server = self.fleet()
        text = harness.dig(server.address, "www.lb.example", "A", "+subnet=10.1.7.0/24")
        self.assertRegex(text, r"CLIENT-SUBNET: 10\.1\.7\.0/24/([1-9]|1[0-9]|2[0-4])\b")

    def test_the_scope_is_0_for_what_is_the_same_for_all(self):
        server = self.fleet()
        for name in ("static.lb.example", "none.lb.example"):
            text = harness.dig(server.address, name, "A", "+subnet=10.1.7.0/24")
            self.assertIn("CLIENT-SUBNET: 10.1.7.0/24/0", text)

    def test_a_subnet_of_ipv6_and_of_length_0_are_taken(self):
        server = self.fleet()
        for subnet in ("2001:db8::/56", "0.0.0.0/0"):
            text = harness.dig(server.address, "www.lb.example", "A", f"+subnet={subnet}")
            self.assertEqual(harness.dig_status(text), "NOERROR")
            self.assertIn("CLIENT-SUBNET", text)

    def test_a_malformed_subnet_is_a_format_error(self):
        server = self.dnsd(zone=ZONE)
        for data in (b"", b"\0\1\x18", b"\0\1\x21\0\x0a\1\7\1\1", b"\0\1\x18\0\x0a\1",
                     b"\0\1\x18\0\x0a\1\7\1", b"\0\3\x08\0\x0a"):
            reply = server.ask("www.lb.example", "A", edns=opt_record(options=[(8, data)]))
            self.assertEqual(reply.rcode, 1, data)  # RFC 7871 §7.1.2


if __name__ == "__main__":
    harness.main()

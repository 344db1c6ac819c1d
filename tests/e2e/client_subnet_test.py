"""EDNS Client Subnet (RFC 7871), rule by rule: sections 6, 7.1, 7.2 and 11."""
import struct

import harness
from dnswire import opt_record, subnet_option

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   10.1.0.1
www     0 A   10.2.0.1
www     0 A   172.16.0.1
alias  60 CNAME www
static 60 A   192.0.2.1
sub  3600 NS  ns.sub
ns.sub 60 A   192.0.2.54
"""
ALL = ("10.1.0.1", "10.2.0.1", "172.16.0.1")


class ClientSubnet(harness.TestCase):
    def serve(self, config=""):
        # No reporter: the whole pool is answered, the nearest member first.
        return self.dnsd(zone=ZONE, config=config)

    def ask(self, server, name, *options, source=None):
        return server.ask(name, "A", edns=opt_record(options=options), source=source)

    def option(self, reply):
        """Family, source, scope and address of the response's option; None: there is none."""
        data = dict(reply.edns["options"]).get(8)
        return data and (*struct.unpack_from("!HBB", data), data[4:])

    def first(self, reply):
        return ".".join(str(o) for o in reply.answer[0].rdata)

    def test_section_6_malformed_options_are_format_errors(self):
        server = self.serve()
        bad = {
            "no data": b"", "no address where there should be": b"\0\1\x18\0",
            "an octet too few": b"\0\1\x18\0\x0a\1", "an octet too many": b"\0\1\x18\0\x0a\1\7\0",
            "bits past the prefix": b"\0\1\x17\0\x0a\1\7", "a scope in a query": b"\0\1\x18\1\x0a\1\7",
            "IPv4 longer than 32": b"\0\1\x21\0\x0a\1\7\1\0", "an unknown family": b"\0\3\x08\0\x0a",
            "IPv6 longer than 128": b"\0\2\x81\0" + bytes(17),
        }
        for what, data in bad.items():
            reply = self.ask(server, "www.lb.example", (8, data))
            self.assertEqual((reply.rcode, reply.answer), (1, []), what)

    def test_section_6_two_options_are_a_format_error(self):
        server = self.serve()
        option = subnet_option("10.1.7.0", 24)
        self.assertEqual(self.ask(server, "www.lb.example", option, option).rcode, 1)

    def test_section_7_2_1_family_source_and_address_come_back_as_they_were(self):
        server = self.serve()
        for prefix, length in (("10.1.7.0", 24), ("10.1.6.0", 23), ("2001:db8:7::", 48),
                               ("10.1.7.9", 32), ("0.0.0.0", 0), ("::", 0)):
            code, asked = subnet_option(prefix, length)
            family, source, scope, address = self.option(
                self.ask(server, "www.lb.example", (code, asked)))
            self.assertEqual(struct.pack("!HBB", family, source, 0) + address, asked, prefix)
            self.assertLessEqual(scope, source)

    def test_section_7_2_1_the_nearest_to_the_subnet_and_not_to_the_resolver(self):
        server = self.serve()
        for prefix, address in (("10.1.7.0", ALL[0]), ("10.2.7.0", ALL[1]), ("172.16.7.0", ALL[2])):
            reply = self.ask(server, "www.lb.example", subnet_option(prefix, 24))
            self.assertEqual(self.first(reply), address)

    def test_section_7_2_1_no_option_in_the_response_without_one_in_the_query(self):
        server = self.serve()
        self.assertIsNone(self.option(self.ask(server, "www.lb.example")))

    def test_section_7_2_1_the_scope_is_as_long_as_the_answer_depended_on_the_subnet(self):
        server = self.serve("subnets:\n  - {clients: 10.9.128.0/17, order: [172.16.0.1]}\n")
        for prefix, length, scope in (
                ("10.9.200.0", 24, 17),   # the configured prefix
                ("10.9.0.0", 24, 17),     # the bit that tells it from its neighbour
                ("10.9.0.0", 16, 16),     # no more than was told
                ("172.16.7.0", 24, 22),   # one bit past what it shares with a member
                ("10.1.0.0", 24, 24)):
            reply = self.ask(server, "www.lb.example", subnet_option(prefix, length))
            self.assertEqual(self.option(reply)[2], scope, prefix)

    def test_section_7_2_1_all_subnets_of_a_scope_get_the_same_answer(self):
        server = self.serve("subnets:\n  - {clients: 10.9.128.0/17, order: [172.16.0.1]}\n")
        for prefix in ("10.9.200.0", "10.3.7.0", "10.1.128.0", "172.20.0.0"):
            reply = self.ask(server, "www.lb.example", subnet_option(prefix, 24))
            scope = self.option(reply)[2]
            number = struct.unpack("!I", bytes(map(int, prefix.split("."))))[0]
            for bit in range(8, 32 - scope):  # each bit that it said does not matter, set or not
                other = ".".join(map(str, struct.pack("!I", number ^ 1 << bit)))
                again = self.ask(server, "www.lb.example", subnet_option(other, 24))
                self.assertEqual(self.first(again), self.first(reply), (prefix, other, scope))

    def test_section_7_2_1_the_scope_of_a_chain_is_that_of_its_end(self):
        server = self.serve()
        reply = self.ask(server, "alias.lb.example", subnet_option("10.1.7.0", 24))
        self.assertEqual(self.option(reply)[2],
                         self.option(self.ask(server, "www.lb.example",
                                              subnet_option("10.1.7.0", 24)))[2])

    def test_section_7_2_1_what_is_the_same_for_all_has_scope_0(self):
        server = self.serve()
        for name in ("static.lb.example", "none.lb.example", "sub.lb.example", "ns1.lb.example"):
            reply = self.ask(server, name, subnet_option("10.1.7.0", 24))
            self.assertEqual(self.option(reply)[2], 0, name)
        reply = server.ask("www.lb.example", "TXT",
                           edns=opt_record(options=[subnet_option("10.1.7.0", 24)]))
        self.assertEqual(self.option(reply)[2], 0, "NODATA")

    def test_section_7_1_2_a_length_of_0_means_the_resolver_and_scope_0(self):
        zone = ZONE.replace(ALL[0], "127.9.0.1").replace(ALL[1], "127.200.0.1")
        server = self.dnsd(zone=zone)
        for source, address in (("127.9.7.7", "127.9.0.1"), ("127.200.7.7", "127.200.0.1")):
            reply = self.ask(server, "www.lb.example", subnet_option("0.0.0.0", 0), source=source)
            self.assertEqual(self.first(reply), address)
            self.assertEqual(self.option(reply)[1:3], (0, 0))

    def test_section_7_2_1_an_untrusted_resolver_is_answered_as_if_it_had_sent_none(self):
        server = self.serve("client_subnet: {from: [127.0.0.9, 127.1.0.0/16]}\n")
        trusted = self.ask(server, "www.lb.example", subnet_option("172.16.7.0", 24), source="127.1.2.3")
        self.assertEqual(self.first(trusted), ALL[2])
        self.assertIsNotNone(self.option(trusted))
        other = self.ask(server, "www.lb.example", subnet_option("172.16.7.0", 24), source="127.2.2.3")
        self.assertIsNone(self.option(other))
        self.assertEqual(len(other.answer), 3)

    def test_section_11_1_no_more_bits_are_used_than_allowed(self):
        server = self.serve("client_subnet: {ipv4: 16}\n"
                            "subnets:\n  - {clients: 10.9.128.0/17, order: [172.16.0.1]}\n")
        reply = self.ask(server, "www.lb.example", subnet_option("10.9.200.0", 24))
        self.assertNotEqual(self.first(reply), ALL[2])
        self.assertEqual(self.option(reply)[1:3], (24, 16))

    def test_section_11_none_at_all_if_so_configured(self):
        server = self.serve("client_subnet: {from: none}\n")
        self.assertIsNone(self.option(self.ask(server, "www.lb.example",
                                               subnet_option("172.16.7.0", 24))))
        self.assertEqual(self.ask(server, "www.lb.example", (8, b"\0\1")).rcode, 1,
                         "what is malformed stays so")


if __name__ == "__main__":
    harness.main()

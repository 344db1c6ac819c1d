"""Static data, asked with dig: what any authoritative server must answer."""

import harness
from harness import dig, dig_flags, dig_section, dig_status

ZONE = """$ORIGIN lb.example.
$TTL 300
@          3600 SOA ns1 hostmaster 1 3600 600 86400 5
@          3600 NS  ns1
ns1        3600 A   192.0.2.53
host            A   192.0.2.1
host            AAAA 2001:db8::1
host            MX  10 mail
host            TYPE65534 \\# 3 AABBCC
mail            A   192.0.2.25
mail            AAAA 2001:db8::25
_sip._tcp       SRV 1 2 5060 mail
alias           CNAME host
twice           CNAME alias
dangling        CNAME nowhere
outside         CNAME www.elsewhere.test.
*.wild          TXT "wild"
known.wild      A   192.0.2.9
leaf.empty      A   192.0.2.10
sub             NS  ns.sub
sub             NS  ns.elsewhere.test.
ns.sub          A   192.0.2.61
ns.sub          AAAA 2001:db8::61
dn              DNAME target
x.target        A   192.0.2.11
"""


class StaticAnswers(harness.TestCase):

    def setUp(self):
        super().setUp()
        self.server = self.dnsd(zone=ZONE)

    def dig(self, *arguments):
        return dig(self.server.address, "+norecurse", *arguments)

    def answer(self, *arguments):
        return [tuple(r[3:]) for r in dig_section(self.dig(*arguments), "ANSWER")]

    def test_an_exact_match_is_authoritative(self):
        text = self.dig("host.lb.example", "A")
        self.assertEqual(dig_section(text, "ANSWER"),
                         [["host.lb.example.", "300", "IN", "A", "192.0.2.1"]])
        self.assertEqual(dig_status(text), "NOERROR")
        self.assertEqual(dig_flags(text), {"qr", "aa"})
        self.assertEqual(dig_section(text, "AUTHORITY"), [])

    def test_recursion_desired_is_copied_and_never_available(self):
        text = dig(self.server.address, "+recurse", "host.lb.example", "A")
        self.assertEqual(dig_flags(text), {"qr", "aa", "rd"})

    def test_tcp_gives_the_same_answer(self):
        self.assertEqual(self.answer("+tcp", "host.lb.example", "AAAA"), [("AAAA", "2001:db8::1")])

    def test_a_cname_is_followed_with_its_chain(self):
        self.assertEqual(self.answer("twice.lb.example", "A"),
                         [("CNAME", "alias.lb.example."), ("CNAME", "host.lb.example."),
                          ("A", "192.0.2.1")])

    def test_a_question_for_the_cname_itself_is_not_followed(self):
        self.assertEqual(self.answer("alias.lb.example", "CNAME"), [("CNAME", "host.lb.example.")])

    def test_a_cname_to_nothing_is_nxdomain_with_the_cname(self):
        text = self.dig("dangling.lb.example", "A")  # RFC 6604 §3: RCODE of the chain's end
        self.assertEqual(dig_status(text), "NXDOMAIN")
        self.assertEqual([r[4] for r in dig_section(text, "ANSWER")], ["nowhere.lb.example."])
        self.assertEqual([r[3] for r in dig_section(text, "AUTHORITY")], ["SOA"])

    def test_a_cname_out_of_the_zones_ends_there(self):
        text = self.dig("outside.lb.example", "A")
        self.assertEqual(dig_status(text), "NOERROR")
        self.assertEqual([r[3:] for r in dig_section(text, "ANSWER")],
                         [["CNAME", "www.elsewhere.test."]])
        self.assertEqual(dig_section(text, "AUTHORITY"), [])

    def test_a_wildcard_answers_any_name_below(self):
        for name in ("x.wild.lb.example", "a.b.c.wild.lb.example"):
            self.assertEqual(dig_section(self.dig(name, "TXT"), "ANSWER"),
                             [[f"{name}.", "300", "IN", "TXT", '"wild"']])

    def test_a_wildcard_does_not_answer_for_a_name_that_exists(self):
        text = self.dig("known.wild.lb.example", "TXT")
        self.assertEqual((dig_status(text), dig_section(text, "ANSWER")), ("NOERROR", []))

    def test_an_empty_non_terminal_is_nodata(self):
        text = self.dig("empty.lb.example", "A")
        self.assertEqual((dig_status(text), dig_section(text, "ANSWER")), ("NOERROR", []))

    def test_nodata_and_nxdomain_carry_the_soa_with_the_negative_ttl(self):
        for name, status in (("mail.lb.example", "NOERROR"), ("none.lb.example", "NXDOMAIN")):
            text = self.dig(name, "TXT")
            self.assertEqual(dig_status(text), status)
            soa = dig_section(text, "AUTHORITY")
            # RFC 2308 §3: the lesser of the SOA's TTL, 3600, and its MINIMUM, 5.
            self.assertEqual([r[:4] for r in soa], [["lb.example.", "5", "IN", "SOA"]])
            self.assertIn("aa", dig_flags(text))

    def test_a_delegation_is_a_referral_with_glue(self):
        for name in ("sub.lb.example", "www.deep.sub.lb.example"):
            text = self.dig(name, "A")
            self.assertNotIn("aa", dig_flags(text))
            self.assertEqual(dig_section(text, "ANSWER"), [])
            self.assertEqual({r[4] for r in dig_section(text, "AUTHORITY")},
                             {"ns.sub.lb.example.", "ns.elsewhere.test."})
            self.assertEqual({r[4] for r in dig_section(text, "ADDITIONAL")},
                             {"192.0.2.61", "2001:db8::61"})

    def test_ds_at_a_cut_is_the_parents(self):
        text = self.dig("sub.lb.example", "DS")
        self.assertIn("aa", dig_flags(text))
        self.assertEqual([r[3] for r in dig_section(text, "AUTHORITY")], ["SOA"])

    def test_mx_and_srv_bring_the_addresses_of_their_targets(self):
        for name, rrtype in (("host.lb.example", "MX"), ("_sip._tcp.lb.example", "SRV")):
            additional = dig_section(self.dig(name, rrtype), "ADDITIONAL")
            self.assertEqual({r[4] for r in additional}, {"192.0.2.25", "2001:db8::25"})

    def test_any_is_answered_with_hinfo(self):
        records = dig_section(self.dig("host.lb.example", "ANY"), "ANSWER")
        self.assertEqual([r[3:] for r in records], [["HINFO", '"RFC8482" ""']])

    def test_any_of_a_name_that_is_not_there_is_nxdomain(self):
        self.assertEqual(dig_status(self.dig("none.lb.example", "ANY")), "NXDOMAIN")

    def test_an_unknown_type_is_served_as_octets(self):
        text = self.dig("host.lb.example", "TYPE65534")
        self.assertEqual(dig_section(text, "ANSWER")[0][3:], ["TYPE65534", "\\# 3 AABBCC"])

    def test_a_dname_synthesises_a_cname(self):
        self.assertEqual(self.answer("x.dn.lb.example", "A"),
                         [("DNAME", "target.lb.example."), ("CNAME", "x.target.lb.example."),
                          ("A", "192.0.2.11")])

    def test_the_question_comes_back_in_the_case_it_was_asked(self):
        text = self.dig("HoSt.lB.eXaMpLe", "A")
        self.assertIn(";HoSt.lB.eXaMpLe.", text)
        self.assertEqual(dig_section(text, "ANSWER")[0][0], "HoSt.lB.eXaMpLe.")

    def test_names_outside_the_zones_are_refused(self):
        for name in ("elsewhere.test", "example", "notlb.example", "."):
            text = self.dig(name, "A")
            self.assertEqual(dig_status(text), "REFUSED")
            self.assertNotIn("aa", dig_flags(text))


if __name__ == "__main__":
    harness.main()

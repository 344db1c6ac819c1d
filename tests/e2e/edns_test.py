"""EDNS options, class CH and opcodes: what dig sees, and what other servers make of the same."""
import shutil
import signal
import struct
import unittest

import dnswire
import harness
import peers
from dnswire import opt_record, query

ZONE = """$ORIGIN lb.example.
@      3600 SOA ns1 hostmaster 1 3600 600 86400 5
@      3600 NS  ns1
ns1    3600 A   192.0.2.53
host     60 A   192.0.2.1
"""
NSID, SUBNET, COOKIE, KEEPALIVE, ERROR = 3, 8, 10, 11, 15
CLIENT = b"\x01\x23\x45\x67\x89\xab\xcd\xef"
SECRETS = ["e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"]
FORMERR, REFUSED, BADVERS, BADCOOKIE = 1, 5, 16, 23


class EdnsTestCase(harness.TestCase):
    def secrets(self, *secrets, name="cookies"):
        """A file of secrets, as it is after an editor replaced it."""
        path = self.write(name, "\n".join(secrets) + "\n")
        path.chmod(0o600)
        return path

    def options(self, server, *options, name="host.lb.example", tcp=False, **opt):
        """The response's rcode and options, a dict of code to octets."""
        reply = server.ask(name, "A", edns=opt_record(options=options, **opt), tcp=tcp)
        self.assertIsNotNone(reply.edns)
        codes = [code for code, _ in reply.edns["options"]]
        self.assertEqual(len(codes), len(set(codes)), "an option twice")
        return reply.rcode, dict(reply.edns["options"])

    def cookie(self, server, cookie=CLIENT, **options):
        """What comes back for a cookie."""
        rcode, answered = self.options(server, (COOKIE, cookie), **options)
        self.assertEqual(rcode, 0)
        self.assertEqual(answered[COOKIE][:8], cookie[:8])
        self.assertEqual(len(answered[COOKIE]), 24)
        return answered[COOKIE]

    def reload(self, server, done=1):
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: server.log().count(" reloaded: ") >= done, 10, "a reload",
                           server)


class Nsid(EdnsTestCase):
    def test_dig_reads_it(self):
        server = self.dnsd("--nsid", "ns1.example", zone=ZONE)
        self.assertRegex(harness.dig(server.address, "+nsid", "host.lb.example"),
                         r'; NSID: 6e 73 31 .*\("ns1.example"\)')
        self.assertNotIn("NSID", harness.dig(server.address, "host.lb.example"))

    def test_it_may_be_octets(self):
        server = self.dnsd(zone=ZONE, config="nsid: '0x00ff'")
        self.assertEqual(self.options(server, (NSID, b""))[1], {NSID: b"\0\xff"})

    def test_nothing_is_told_unless_configured(self):
        server = self.dnsd(zone=ZONE)
        self.assertEqual(self.options(server, (NSID, b"")), (0, {}))

    def test_refusals_have_it_too(self):
        server = self.dnsd("--nsid", "n" * 128, zone=ZONE)
        rcode, answered = self.options(server, (NSID, b""), name="elsewhere.test")
        self.assertEqual((rcode, answered[NSID]), (REFUSED, b"n" * 128))


class Cookies(EdnsTestCase):
    def test_dig_finds_the_cookie_good(self):
        server = self.dnsd(zone=ZONE)
        for arguments in (["+cookie"], ["+cookie", "+tcp"], ["+cookie", "elsewhere.test"]):
            self.assertRegex(harness.dig(server.address, "host.lb.example", *arguments),
                             r"; COOKIE: [0-9a-f]{48} \(good\)")
        self.assertNotIn("COOKIE", harness.dig(server.address, "+nocookie", "host.lb.example"))

    def test_a_good_cookie_comes_back_as_it_is(self):
        server = self.dnsd(zone=ZONE)
        cookie = self.cookie(server)
        self.assertEqual(cookie[8:12], b"\1\0\0\0")  # RFC 9018 §4: version 1
        self.assertEqual(self.cookie(server, cookie), cookie)
        self.assertEqual(self.cookie(server, cookie, tcp=True), cookie)

    def test_another_address_gets_another_cookie(self):
        server = self.dnsd(zone=ZONE, listen=("127.0.0.1:0",))
        cookie = self.cookie(server)
        edns = opt_record(options=[(COOKIE, cookie)])
        reply = server.ask("host.lb.example", "A", edns=edns, source="127.0.0.2")
        self.assertEqual(reply.addresses(), ["192.0.2.1"], "a bad cookie is no reason to refuse")
        self.assertNotEqual(reply.edns["options"], [(COOKIE, cookie)])

    def test_a_cookie_without_a_question_is_answered(self):  # RFC 7873 §5.4
        server = self.dnsd(zone=ZONE)
        header = struct.pack("!6H", 7, 0, 0, 0, 0, 1)
        reply = dnswire.Message(dnswire.ask_udp(
            server.address, header + opt_record(options=[(COOKIE, CLIENT)])))
        self.assertEqual((reply.id, reply.rcode, reply.question, reply.answer), (7, 0, [], []))
        self.assertEqual(reply.edns["options"][0][1][:8], CLIENT)
        reply = dnswire.Message(dnswire.ask_udp(server.address, header + opt_record()))
        self.assertEqual(reply.rcode, FORMERR)

    def test_a_cookie_of_a_wrong_size_is_a_format_error(self):
        server = self.dnsd(zone=ZONE)
        for size in (0, 7, 9, 15, 41):
            self.assertEqual(self.options(server, (COOKIE, b"c" * size)), (FORMERR, {}))
        for size in (16, 40):
            self.assertEqual(self.options(server, (COOKIE, b"c" * size))[0], 0)

    def test_they_can_be_switched_off(self):
        server = self.dnsd(zone=ZONE, config="cookies: {enabled: false}")
        self.assertEqual(self.options(server, (COOKIE, CLIENT)), (0, {}))
        header = struct.pack("!6H", 7, 0, 0, 0, 0, 1)
        reply = dnswire.Message(dnswire.ask_udp(
            server.address, header + opt_record(options=[(COOKIE, CLIENT)])))
        self.assertEqual(reply.rcode, FORMERR)

    def test_servers_that_share_a_file_take_each_others_cookies(self):
        self.secrets(SECRETS[0])
        config = "cookies: {secret_file: cookies}"
        first, second = (self.dnsd(zone=ZONE, config=config) for _ in range(2))
        cookie = self.cookie(first)
        self.assertEqual(self.cookie(second, cookie), cookie)
        alone = self.dnsd(zone=ZONE)
        self.assertNotEqual(self.cookie(alone, cookie), cookie)

    def test_a_secret_rolls_over_with_reloads(self):
        self.secrets(SECRETS[0])
        server = self.dnsd(zone=ZONE, config="cookies: {secret_file: cookies}")
        old = self.cookie(server)
        self.secrets(SECRETS[0], SECRETS[1])
        self.reload(server, 1)
        self.assertEqual(self.cookie(server, old), old)
        self.secrets(SECRETS[1], SECRETS[0])
        self.reload(server, 2)
        new = self.cookie(server, old)
        self.assertNotEqual(new[16:], old[16:], "renewed by the secret that is first now")
        self.secrets(SECRETS[1])
        self.reload(server, 3)
        self.assertEqual(self.cookie(server, new), new)
        self.assertNotEqual(self.cookie(server, old), old)

    def test_a_random_secret_outlives_a_reload_but_no_restart(self):
        server = self.dnsd(zone=ZONE)
        cookie = self.cookie(server)
        self.reload(server)
        self.assertEqual(self.cookie(server, cookie), cookie)
        self.assertNotEqual(self.cookie(self.dnsd(zone=ZONE), cookie), cookie)

    def test_a_file_that_others_can_read_is_refused(self):
        self.secrets(SECRETS[0]).chmod(0o644)
        config = self.write("check.yaml", "listen: 127.0.0.1:0\nzones: {apex: a, file: a.zone}\n"
                            "cookies: {secret_file: cookies}")
        done = self.run_program("dnsd", "check", "--config", config)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout + done.stderr, "check.yaml:3: .*chmod o=")


class KnotWithCookies(peers.Knot):
    def command(self, zones):
        command = super().command(zones)
        config = self.folder / "knot.conf"
        text = config.read_text().replace("template:", f"""mod-cookies:
  - id: shared
    secret: 0x{SECRETS[0]}
    badcookie-slip: 1
template:""").replace("    semantic-checks: off", "    semantic-checks: off\n"
                      "    global-module: mod-cookies/shared")
        config.write_text(text)
        return command


class BindThatWantsCookies(peers._Peer):
    name = "BIND"

    def command(self, zones):
        config = self.write("named.conf", f"""options {{
  directory "{self.folder}";
  listen-on port {self.address[1]} {{ {self.address[0]}; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  recursion no;
  cookie-algorithm siphash24;
  cookie-secret "{SECRETS[0]}";
  require-server-cookie yes;
}};
controls {{ }};
""" + "".join(f'zone "{apex}" {{ type primary; file "{file}"; }};\n'
              for apex, file in zones.items()))
        return [peers.program("named"), "-g", "-n", "1", "-c", config]

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class Interoperability(EdnsTestCase):
    def share_with(self, peer_type):
        """A cookie of each, with one secret, is good to the other."""
        self.secrets(SECRETS[0])
        server = self.dnsd(zone=ZONE, config="cookies: {secret_file: cookies}")
        peer = peer_type(self.folder / "peer", {"lb.example": self.write("zone", ZONE)})
        self.addCleanup(peer.close)

        def ask_peer(cookie):
            octets = query("host.lb.example", "A", opt_record(options=[(COOKIE, cookie)]))
            reply = dnswire.Message(dnswire.ask_udp(peer.address, octets))
            return reply.rcode, dict(reply.edns["options"])[COOKIE]

        of_dnsd = self.cookie(server)
        self.assertEqual(ask_peer(of_dnsd)[0], 0)
        forged = of_dnsd[:-1] + bytes([of_dnsd[-1] ^ 1])
        self.assertEqual(ask_peer(forged)[0], BADCOOKIE, f"{peer.name} does look at cookies")
        of_peer = ask_peer(CLIENT)[1]
        self.assertEqual(self.cookie(server, of_peer), of_peer)

    def test_with_knot(self):
        self.share_with(KnotWithCookies)

    @unittest.skipUnless(shutil.which("named", path="/usr/sbin:/usr/local/sbin"), "no BIND here")
    def test_with_bind(self):
        self.share_with(BindThatWantsCookies)


class Keepalive(EdnsTestCase):
    def test_dig_is_told_how_long_a_connection_may_idle(self):
        server = self.dnsd(zone=ZONE, config="tcp: {idle: 25s}")
        self.assertIn("; TCP KEEPALIVE: 25.0 secs",
                      harness.dig(server.address, "+tcp", "+keepalive", "host.lb.example"))
        self.assertNotIn("KEEPALIVE", harness.dig(server.address, "+tcp", "host.lb.example"))

    def test_over_udp_it_is_ignored(self):  # RFC 7828 §3.3.1
        server = self.dnsd(zone=ZONE)
        for data in (b"", b"\0\1", b"x"):
            self.assertEqual(self.options(server, (KEEPALIVE, data)), (0, {}))

    def test_a_timeout_from_the_client_is_a_format_error(self):
        server = self.dnsd(zone=ZONE)
        self.assertEqual(self.options(server, (KEEPALIVE, b""), tcp=True),
                         (0, {KEEPALIVE: struct.pack("!H", 100)}))
        for data in (b"\0\1", b"x", b"\0\0\0"):
            self.assertEqual(self.options(server, (KEEPALIVE, data), tcp=True), (FORMERR, {}))


class ExtendedErrors(EdnsTestCase):
    def test_dig_reads_why(self):
        server = self.dnsd(zone=ZONE)
        for arguments, want in (
                (["elsewhere.test"], "EDE: 20 (Not Authoritative)"),
                (["host.lb.example", "TYPE249"], "EDE: 21 (Not Supported)"),
                (["-c", "HS", "host.lb.example"], "EDE: 21 (Not Supported)"),
                (["-c", "CH", "TXT", "version.bind"], "EDE: 21 (Not Supported)")):
            with self.subTest(arguments):
                text = harness.dig(server.address, *arguments)
                self.assertEqual(harness.dig_status(text), "REFUSED")
                self.assertIn(want, text)
        for tcp in (False, True):
            reply = server.ask("lb.example", "AXFR", edns=opt_record(), tcp=tcp)
            self.assertEqual((reply.rcode, reply.edns["options"]), (REFUSED, [(ERROR, b"\0\x12")]))

    def test_answers_have_none_nor_has_a_query_without_opt(self):
        server = self.dnsd(zone=ZONE)
        self.assertNotIn("EDE", harness.dig(server.address, "host.lb.example"))
        self.assertNotIn("EDE", harness.dig(server.address, "none.lb.example"))
        self.assertIsNone(server.ask("elsewhere.test", "A").edns)


class Versions(EdnsTestCase):
    def test_badvers_answers_no_option(self):
        server = self.dnsd("--nsid", "ns1", zone=ZONE)
        for version in (1, 255):
            reply = server.ask("host.lb.example", "A", edns=opt_record(
                version=version, options=[(NSID, b""), (COOKIE, CLIENT)]))
            self.assertEqual((reply.rcode, reply.answer), (BADVERS, []))
            self.assertEqual((reply.edns["version"], reply.edns["options"]), (0, []))

    def test_dig_comes_down_to_version_0(self):
        server = self.dnsd(zone=ZONE)
        self.assertIn("BADVERS, retrying with EDNS version 0",
                      harness.dig(server.address, "+edns=7", "host.lb.example"))

    def test_all_options_at_once_fit_the_smallest_response(self):
        server = self.dnsd("--nsid", "n" * 128, zone=ZONE)
        label = "x" * 63
        name = ".".join([label] * 3 + ["y" * 50, "lb.example"])
        options = [(NSID, b""), (COOKIE, CLIENT), dnswire.subnet_option("2001:db8::", 128),
                   (65001, b"?")]
        reply = server.ask(name, "A", edns=opt_record(512, options=options))
        self.assertLessEqual(reply.size, 512)
        self.assertEqual(reply.rcode, 3)
        self.assertEqual({code for code, _ in reply.edns["options"]}, {NSID, COOKIE, SUBNET})


class Chaos(EdnsTestCase):
    NAMES = ("version.bind", "version.server", "hostname.bind", "id.server")

    def test_nothing_is_told_unless_configured(self):
        server = self.dnsd(zone=ZONE)
        for name in self.NAMES:
            self.assertEqual(server.ask(name, "TXT", qclass=3).rcode, REFUSED)

    def test_dig_reads_what_is_configured(self):
        server = self.dnsd(zone=ZONE, config="chaos: {version: dnsd, identity: ns1.example}")
        for name in self.NAMES:
            text = harness.dig(server.address, "CH", "TXT", name)
            want = '"dnsd"' if name.startswith("version") else '"ns1.example"'
            self.assertEqual(harness.dig_section(text, "ANSWER"),
                             [[f"{name}.", "0", "CH", "TXT", want]])
            self.assertEqual(harness.dig_flags(text) & {"aa", "tc", "ra"}, {"aa"})

    def test_any_is_answered_and_the_rest_refused(self):
        server = self.dnsd(zone=ZONE, config="chaos: {version: dnsd}")
        self.assertEqual(len(server.ask("VERSION.bind", "ANY", qclass=3).answer), 1)
        for name, qtype in (("version.bind", "A"), ("id.server", "TXT"), ("authors.bind", "TXT"),
                            ("host.lb.example", "A"), ("bind", "TXT")):
            self.assertEqual(server.ask(name, qtype, qclass=3).rcode, REFUSED)
        self.assertEqual(server.ask("version.bind", "TXT").rcode, REFUSED, "class IN is another")


class Agreement(EdnsTestCase):
    """Where NSD and Knot agree on what is no ordinary question, so does dnsd."""

    @staticmethod
    def gist(server, octets):
        """RCODE, OPCODE, how many records, and whether RD, RA, Z, AD or CD is set."""
        reply = dnswire.Message(dnswire.ask_udp(server.address, octets))
        return (reply.rcode, reply.opcode, len(reply.answer), len(reply.authority),
                bool(reply.flags & 0x1F0))

    def test_on_opcodes_and_classes(self):
        zone = self.write("zone", ZONE)
        judges = [peer(self.folder / peer.name, {"lb.example": zone})
                  for peer in (peers.Nsd, peers.Knot)]
        for judge in judges:
            self.addCleanup(judge.close)
        server = self.dnsd(zone=ZONE)
        questions = {f"opcode {opcode}": query("lb.example", "SOA", flags=opcode << 11)
                     for opcode in range(1, 16)}
        questions |= {f"opcode {opcode}, no question":
                      struct.pack("!6H", 1, opcode << 11, 0, 0, 0, 0) for opcode in range(16)}
        questions |= {f"class {number} of {name}": query(name, "A", qclass=number)
                      for number in (0, 2, 4, 5, 254, 255, 65535)
                      for name in ("host.lb.example", "host.elsewhere.test")}
        # Malformed to those who know NOTIFY; not implemented is not implemented.
        del questions["opcode 4, no question"]
        agreed = 0
        for what, octets in questions.items():
            with self.subTest(what):
                wanted = {self.gist(judge, octets) for judge in judges}
                if len(wanted) > 1:
                    continue
                agreed += 1
                self.assertEqual(self.gist(server, octets), wanted.pop())
        # They differ on NOTIFY, and on UPDATE with and without a question.
        self.assertGreaterEqual(agreed, len(questions) - 3)

    def test_every_class_is_no_class_to_be_authoritative_for(self):  # RFC 1035 §6.2
        server = self.dnsd(zone=ZONE)
        reply = server.ask("host.lb.example", "A", qclass=255)
        self.assertEqual((reply.addresses(), reply.aa), (["192.0.2.1"], False))


if __name__ == "__main__":
    harness.main()

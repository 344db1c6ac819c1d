"""The protocol around the answers: EDNS, truncation, TCP, and messages that are wrong."""
import contextlib
import random
import socket
import struct
import time

import dnswire
import harness
from dnswire import opt_record, query

ZONE = """$ORIGIN lb.example.
@      3600 SOA ns1 hostmaster 1 3600 600 86400 5
@      3600 NS  ns1
ns1    3600 A   192.0.2.53
host     60 A   192.0.2.1
big      60 TXT "%s"
""" % '" "'.join("0123456789" * 20 for _ in range(20))
BIG = 20 * 201  # octets of big's rdata


class Protocol(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.dnsd(zone=ZONE)

    def alive(self):
        self.assertEqual(self.server.answers("host.lb.example"), ["192.0.2.1"])

    def send(self, octets, timeout=0.3):
        """The response to any octets, or None."""
        reply = dnswire.ask_udp(self.server.address, octets, timeout)
        return None if reply is None else dnswire.Message(reply)

    # EDNS

    def test_a_query_without_edns_gets_none(self):
        self.assertIsNone(self.server.ask("host.lb.example", "A").edns)

    def test_a_query_with_edns_gets_an_opt_that_offers_1232_octets(self):
        edns = self.server.ask("host.lb.example", "A", edns=opt_record(4096)).edns
        self.assertEqual((edns["size"], edns["version"]), (1232, 0))

    def test_negative_and_refused_answers_have_an_opt_too(self):
        for name in ("none.lb.example", "elsewhere.test"):
            self.assertIsNotNone(self.server.ask(name, "A", edns=opt_record()).edns)

    def test_the_do_flag_is_copied(self):
        edns = self.server.ask("host.lb.example", "A", edns=opt_record(flags=0x8000)).edns
        self.assertEqual(edns["flags"], 0x8000)  # RFC 6891 §6.1.4, RFC 3225 §3

    def test_unknown_options_are_ignored(self):
        opt = opt_record(options=[(65001, b"anything"), (65002, b"")])
        reply = self.server.ask("host.lb.example", "A", edns=opt)
        self.assertEqual(reply.addresses(), ["192.0.2.1"])
        self.assertEqual(reply.edns["options"], [])

    def test_another_version_is_badvers_with_ours(self):
        reply = self.server.ask("host.lb.example", "A", edns=opt_record(version=1))
        self.assertEqual((reply.rcode, reply.answer, reply.edns["version"]), (16, [], 0))

    def test_two_opt_records_are_a_format_error(self):
        octets = bytearray(query("host.lb.example", "A", opt_record()) + opt_record())
        octets[11] = 2
        self.assertEqual(self.send(bytes(octets)).rcode, 1)

    def test_an_opt_whose_options_run_out_is_a_format_error(self):
        broken = opt_record()[:-2] + struct.pack("!HHH", 4, 65001, 100)
        self.assertEqual(self.send(query("host.lb.example", "A", broken)).rcode, 1)

    # truncation and TCP

    def test_what_does_not_fit_is_truncated_to_whole_rrsets(self):
        for opt, limit in ((None, 512), (opt_record(600), 600), (opt_record(4096), 1232),
                           (opt_record(0), 512)):  # RFC 6891 §6.2.3: below 512 counts as 512
            reply = self.server.ask("big.lb.example", "TXT", edns=opt)
            self.assertTrue(reply.tc)
            self.assertLessEqual(reply.size, limit)
            self.assertEqual(reply.answer, [])

    def test_tcp_gives_it_whole(self):
        reply = self.server.ask("big.lb.example", "TXT", tcp=True)
        self.assertFalse(reply.tc)
        self.assertEqual(len(reply.answer[0].rdata), BIG)

    def test_dig_falls_back_to_tcp_by_itself(self):
        text = harness.dig(self.server.address, "big.lb.example", "TXT")
        self.assertIn("(TCP)", text)
        self.assertEqual(len(harness.dig_section(text, "ANSWER")), 1)

    def test_many_queries_share_a_tcp_connection(self):
        names = ["host.lb.example", "big.lb.example", "none.lb.example"] * 10
        with socket.create_connection(self.server.address, 3) as s:
            octets = [query(name, "TXT", id=i) for i, name in enumerate(names)]
            s.sendall(b"".join(struct.pack("!H", len(o)) + o for o in octets))
            replies = [dnswire.Message(dnswire.recv_tcp(s)) for _ in names]
        self.assertEqual({r.id for r in replies}, set(range(len(names))))

    def test_a_query_may_arrive_in_pieces(self):
        octets = query("host.lb.example", "A")
        with socket.create_connection(self.server.address, 3) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in struct.pack("!H", len(octets)) + octets:
                s.sendall(bytes([octet]))
            self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).addresses(), ["192.0.2.1"])

    def test_garbage_over_tcp_harms_only_its_connection(self):
        for garbage in (b"\0\0", b"\0\5hello", b"GET / HTTP/1.0\r\n\r\n", b"\xff\xff" + b"x" * 65535):
            with socket.create_connection(self.server.address, 3) as s:
                try:
                    s.sendall(garbage)
                except ConnectionError:
                    pass
        self.alive()
        self.assertEqual(self.server.ask("host.lb.example", "A", tcp=True).rcode, 0)

    def test_a_client_that_says_nothing_is_disconnected(self):
        config = "tcp: {idle: 1s}"
        server = self.dnsd(zone=ZONE, config=config)
        with socket.create_connection(server.address, 3) as s:
            s.settimeout(5)
            self.assertEqual(s.recv(1), b"")

    def test_a_newcomer_takes_the_place_of_the_client_idle_longest(self):
        server = self.dnsd(zone=ZONE, config="workers: 1\ntcp: {clients: 2}")
        octets = query("host.lb.example", "A")
        message = len(octets).to_bytes(2, "big") + octets
        with socket.create_connection(server.address, 3) as idle, \
             socket.create_connection(server.address, 3) as busy:
            busy.sendall(message)
            dnswire.recv_tcp(busy)
            self.assertEqual(server.ask("host.lb.example", "A", tcp=True).rcode, 0)
            idle.settimeout(3)
            self.assertEqual(idle.recv(1), b"")
            busy.sendall(message)
            self.assertEqual(dnswire.Message(dnswire.recv_tcp(busy)).rcode, 0)

    def test_a_client_that_never_reads_holds_nobody_up_at_the_end(self):
        server = self.dnsd(zone=ZONE, config="workers: 4")
        octets = query("host.lb.example", "A")
        message = len(octets).to_bytes(2, "big") + octets
        with contextlib.ExitStack() as stack:
            for _ in range(16):
                s = stack.enter_context(socket.create_connection(server.address, 3))
                s.setblocking(False)
                try:
                    while True:
                        s.send(message * 500)
                except BlockingIOError:
                    pass
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - start, 3 * harness.PATIENCE)

    # what is not a query

    def test_responses_are_never_answered(self):
        self.assertIsNone(self.send(query("host.lb.example", "A", flags=dnswire.QR)))
        self.alive()

    def test_messages_shorter_than_a_header_are_never_answered(self):
        for size in range(12):
            dnswire.ask_udp(self.server.address, b"\0" * size, 0.01)
        self.assertIsNone(self.send(b"\x12\x34\x01\x00\0\1\0\0\0\0\0"))
        self.alive()

    def test_malformed_questions_are_format_errors_with_their_id(self):
        header = struct.pack("!6H", 0x1234, 0, 1, 0, 0, 0)
        for what, octets in {
                "no question": header,
                "name runs out": header + b"\3ww",
                "pointer to itself": header + b"\xc0\x0c\0\1\0\1",
                "reserved label type": header + b"\x41a\0\0\1\0\1",
                "name above 255 octets": header + b"\x3f" + b"\x3f".join([b"a" * 63] * 5) + b"\0\0\1\0\1",
                "type missing": header + b"\3www\0",
                "class missing": header + b"\3www\0\0\1",
                "two questions": struct.pack("!6H", 0x1234, 0, 2, 0, 0, 0) + b"\0\0\1\0\1" * 2,
                "octets left over": query("host.lb.example", "A", id=0x1234) + b"\0",
        }.items():
            with self.subTest(what):
                reply = self.send(octets)
                self.assertIsNotNone(reply, what)
                self.assertEqual((reply.id, reply.rcode, reply.answer), (0x1234, 1, []))
        self.alive()

    def test_other_opcodes_are_not_implemented(self):
        for opcode in (1, 2, 4, 5, 6, 15):
            reply = self.send(query("lb.example", "SOA", flags=opcode << 11))
            self.assertEqual((reply.rcode, reply.opcode), (4, opcode))

    def test_other_classes_are_refused(self):
        self.assertEqual(self.server.ask("host.lb.example", "A", qclass=4).rcode, 5)

    def test_zone_transfer_over_udp_is_refused(self):
        self.assertIn(self.server.ask("lb.example", "AXFR").rcode, (1, 4, 5))

    def test_a_datagram_of_65507_octets_harms_nobody(self):
        octets = query("host.lb.example", "A") + b"\0" * 65000
        dnswire.ask_udp(self.server.address, octets[:65507], 0.05)
        self.alive()

    def test_random_octets_harm_nobody(self):
        rng = random.Random(1)
        good = query("host.lb.example", "A", opt_record())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(self.server.address)
            for _ in range(2000):
                octets = bytearray(good) if rng.random() < 0.7 else bytearray(rng.randbytes(60))
                for _ in range(rng.randrange(4)):
                    octets[rng.randrange(len(octets))] = rng.randrange(256)
                s.send(octets[:rng.randrange(len(octets) + 1)])
        self.alive()

    def test_what_was_wrong_is_counted(self):
        self.send(struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\3ww")
        metrics = self.server.get("/metrics")
        self.assertRegex(metrics, r'(?m)^dnsd_responses_total\{[^}]*rcode="FORMERR"[^}]*\} 1')


if __name__ == "__main__":
    harness.main()

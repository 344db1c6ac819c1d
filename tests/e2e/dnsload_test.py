"""The load generator: what it counts, and what it exits with."""
import json
import socket
import threading

import harness

ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS ns1
ns1 3600 A 192.0.2.53
""" + "".join(f"www{i} 0 A 192.0.2.1\nwww{i} 0 A 192.0.2.2\n" for i in range(120))


class Echo(threading.Thread):
    """A server that answers as `answer` (query octets to a list of replies) says."""

    def __init__(self, answer):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.answer, self.seen = answer, []
        self.start()

    def run(self):
        while True:
            octets, peer = self.socket.recvfrom(65535)
            if not octets:
                return
            self.seen.append(octets)
            for reply in self.answer(octets):
                self.socket.sendto(reply, peer)

    def close(self):
        self.socket.sendto(b"", self.address)
        self.join()
        self.socket.close()


class Dnsload(harness.TestCase):
    def dnsload(self, address, *arguments):
        """Its exit code and its report."""
        done = self.run_program("dnsload", "--server", "%s:%d" % address, "--json", "--quiet",
                                *arguments)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def echo(self, answer):
        server = Echo(answer)
        self.addCleanup(server.close)
        return server

    def test_a_good_server_answers_all(self):
        dnsd = self.dnsd(zone=ZONE)
        for extra in ([], ["--edns"], ["--sleep"], ["--rate", "500"]):
            with self.subTest(extra):
                code, report = self.dnsload(
                    dnsd.address, "--name", "www{0-119}.lb.example", "--validate",
                    "--expect-answers", "2", "--duration", "300ms", *extra)
                self.assertEqual(code, 0, report)
                self.assertGreater(report["answered"], 100)
                self.assertEqual(report["answered"], report["sent"])
                self.assertEqual((report["lost"], report["invalid"]), (0, 0))
                self.assertEqual(report["rcodes"], {"0": report["answered"]})
                latency = report["latency_us"]
                self.assertLess(0, latency["p50"])
                self.assertLessEqual(latency["p50"], latency["p99"])
                self.assertLessEqual(latency["p99"], latency["max"])

    def test_a_rate_is_kept(self):
        server = self.echo(lambda q: [])
        _, report = self.dnsload(server.address, "--name", "a.example", "--rate", "200",
                                 "--duration", "1s", "--timeout", "100ms")
        self.assertAlmostEqual(report["sent"], 200, delta=20)

    def test_queries_without_an_answer_are_lost(self):
        server = self.echo(lambda q: [])
        code, report = self.dnsload(server.address, "--name", "a.example", "--rate", "100",
                                    "--duration", "300ms", "--timeout", "100ms")
        self.assertEqual(code, 1)
        self.assertGreater(report["sent"], 0)
        self.assertEqual(report["lost"], report["sent"])

    def test_wrong_answers_are_told_apart(self):
        def altered(change):
            def answer(query):
                reply = bytearray(query)
                reply[2] |= 0x80
                change(reply)
                return [bytes(reply)]
            return answer

        def other_name(reply):
            reply[13] ^= 1

        def refused(reply):
            reply[3] |= 5
        for what, change in (("wrong_question", other_name), ("wrong_rcode", refused),
                             ("wrong_answers", lambda reply: None)):
            with self.subTest(what):
                server = self.echo(altered(change))
                code, report = self.dnsload(server.address, "--name", "a.example", "--validate",
                                            "--rate", "100", "--duration", "200ms")
                self.assertEqual(code, 1)
                self.assertGreater(report[what], 0)
                self.assertEqual(report["invalid"], report[what])

    def test_an_answer_counts_once(self):
        def twice(query):
            reply = query[:2] + bytes([query[2] | 0x80]) + query[3:]
            return [reply, reply]
        server = self.echo(twice)
        _, report = self.dnsload(server.address, "--name", "a.example", "--rate", "100",
                                 "--duration", "300ms")
        self.assertEqual(report["answered"], report["sent"])
        self.assertGreater(report["unexpected"], 0)

    def test_names_come_from_a_file_in_order(self):
        server = self.echo(lambda q: [q[:2] + bytes([q[2] | 0x80]) + q[3:]])
        names = self.write("names", "# names\na.example\nb.example AAAA\n\nc.example TYPE65\n")
        self.dnsload(server.address, "--names", names, "--in-order", "--rate", "100",
                     "--duration", "200ms")
        self.assertEqual([q[12:14] for q in server.seen[:4]], [b"\1a", b"\1b", b"\1c", b"\1a"])
        self.assertEqual([q[-4:-2] for q in server.seen[:3]], [b"\0\1", b"\0\x1c", b"\0\x41"])

    def test_queries_come_from_as_many_networks_as_wished(self):
        server = self.echo(lambda q: [q[:2] + bytes([q[2] | 0x80]) + q[3:]])
        self.dnsload(server.address, "--name", "www{0-2}.example", "--subnets", "5", "--in-order",
                     "--rate", "100", "--duration", "300ms")
        options = [q[-11:] for q in server.seen]
        self.assertEqual({o[:8] for o in options}, {b"\0\x08\0\x07\0\x01\x18\0"})
        networks = [o[8:] for o in options]
        self.assertEqual(len(set(networks)), 6, "three names twice: five at least")
        self.assertEqual(networks[:6], networks[6:12])
        self.assertEqual([q[12:17] for q in server.seen[:4]],
                         [b"\4www0", b"\4www1", b"\4www2", b"\4www0"])

    def test_mistakes_in_the_arguments_are_told(self):
        names = self.write("names", "a.example\nb..example\n")
        for arguments, told in ((["--names", names], f"{names}:2: "),
                                (["--name", "www{9-0}.example"], "wanted a range"),
                                (["--name", "a.example", "--type", "NONE"], "is not a type"),
                                (["--name", "a.example", "--rate", "fast"], "--rate")):
            with self.subTest(told):
                code, errors = self.dnsload(("127.0.0.1", 9), *arguments)
                self.assertEqual(code, 2)
                self.assertIn(told, errors)


if __name__ == "__main__":
    harness.main()

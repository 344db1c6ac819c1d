"""TCP clients (RFC 7766, RFC 9210): what each may send and take, and what all of them may hold."""
import contextlib
import os
import pathlib
import re
import resource
import socket
import struct
import threading
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
HUGE = 254  # records of 255 octets, which with their headers make nearly 65,535
ZONE += "".join(f'huge 60 TXT "{i:03}{"x" * 238}"\n' for i in range(HUGE))


def framed(octets):
    return struct.pack("!H", len(octets)) + octets


def host(number=0):
    return framed(query("host.lb.example", "A", id=number))


class Tcp(harness.TestCase):
    def serve(self, tcp="", more=""):
        """A dnsd of one worker with these `tcp` settings."""
        self.server = self.dnsd(zone=ZONE, config=f"workers: 1\ntcp: {{{tcp}}}\n{more}")
        return self.server

    def connect(self, source="127.0.0.1", timeout=5):
        s = socket.create_connection(self.server.address, timeout * harness.PATIENCE, (source, 0))
        self.addCleanup(s.close)
        return s

    def assert_answered(self, s):
        s.sendall(host())
        self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).addresses(), ["192.0.2.1"])

    def assert_closed(self, s):
        try:
            self.assertEqual(s.recv(1), b"")
        except ConnectionError:
            pass

    def metric(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.server.get("/metrics"), re.M)
        return float(found[1])

    def wait_metric(self, name, value, seconds=5):
        harness.wait_until(lambda: self.metric(name) == value, seconds * harness.PATIENCE,
                           f"{name} is {value}, not {self.metric(name)}", self.server)

    def resident(self):
        """Octets."""
        text = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # what comes in

    def test_pipelined_queries_are_answered_in_their_order(self):
        self.serve()
        s = self.connect()
        for start in (0, 1000):
            s.sendall(b"".join(host(i) for i in range(start, start + 1000)))
            ids = [dnswire.Message(dnswire.recv_tcp(s)).id for _ in range(1000)]
            self.assertEqual(ids, list(range(start, start + 1000)))

    def test_responses_that_are_ready_together_are_sent_together(self):
        self.serve()
        s = self.connect()
        s.sendall(b"".join(host(i) for i in range(100)))
        for _ in range(100):
            dnswire.recv_tcp(s)
        data_segments_in = struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP,
                                                                socket.TCP_INFO, 256), 152)[0]
        self.assertLessEqual(data_segments_in, 5)

    def test_a_query_of_65535_octets_is_answered(self):
        self.serve()
        s = self.connect()
        least = len(query("host.lb.example", "A", opt_record(options=[(65001, b"")])))
        octets = query("host.lb.example", "A", opt_record(options=[(65001, b"x" * (65535 - least))]))
        self.assertEqual(len(octets), 65535)
        s.sendall(framed(octets) + host(7))
        self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).addresses(), ["192.0.2.1"])
        self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).id, 7)

    def test_nearly_65535_octets_of_response_come_whole(self):
        self.serve()
        reply = self.server.ask("huge.lb.example", "TXT", tcp=True)
        self.assertFalse(reply.tc)
        self.assertEqual(len(reply.answer), HUGE)
        self.assertGreater(reply.size, 64_000)

    def test_what_is_no_query_ends_the_connection_after_the_answers_before_it(self):
        self.serve()
        response = query("host.lb.example", "A", flags=dnswire.QR)
        for octets in (b"", b"x", b"x" * 11, response):
            with self.subTest(octets):
                s = self.connect()
                s.sendall(host(1) + framed(octets) + host(2))
                self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).id, 1)
                self.assert_closed(s)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="no_query"}'), 4)

    def test_a_client_that_has_closed_its_half_gets_its_answers(self):
        self.serve()
        s = self.connect()
        s.sendall(b"".join(host(i) for i in range(500)) + host()[:9])
        s.shutdown(socket.SHUT_WR)
        for i in range(500):
            self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).id, i)
        self.assert_closed(s)

    def test_a_reset_in_the_middle_harms_nobody_else(self):
        self.serve()
        other = self.connect()
        for octets in (b"", host()[:5], host() * 500):
            s = self.connect()
            s.sendall(octets)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        self.wait_metric("dnsd_tcp_open", 1)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="client"}'), 3)
        self.assert_answered(other)

    # time

    def test_queries_keep_a_connection_open(self):
        self.serve("idle: 1s")
        s = self.connect()
        start = time.monotonic()
        while time.monotonic() - start < 2.5:
            self.assert_answered(s)
            time.sleep(0.3)
        self.assert_closed(s)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="idle"}'), 1)

    def test_a_query_sent_octet_by_octet_gets_no_more_time_than_others(self):
        self.serve("idle: 10s, transfer: 1s")
        s = self.connect()
        self.assert_answered(s)
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            for octet in framed(b"\0" * 100):
                s.sendall(bytes([octet]))
                time.sleep(0.1)
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assertLess(time.monotonic() - start, 3 * harness.PATIENCE)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="slow"}'), 1)

    def flood(self, s, octets):
        """Sends as long as the other side takes it."""
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                s.send(octets)
        s.settimeout(5 * harness.PATIENCE)

    def unclosed(self):
        """How many sockets of dnsd's the kernel keeps to send what is left (FIN-WAIT-1)."""
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        ours = f":{self.server.address[1]:04X}"
        return sum(1 for f in map(str.split, lines) if f[1].endswith(ours) and f[3] == "04")

    def test_a_client_that_never_reads_fills_no_memory_and_is_cut(self):
        self.serve("transfer: 2s")
        before = self.resident()
        question = framed(query("big.lb.example", "TXT"))
        clients = [self.connect() for _ in range(50)]
        for s in clients:
            self.flood(s, question * 1000)
        # Each asks for some 100 MB; less than 16 KiB of queries, and of responses not much more,
        # are kept for it.
        self.assert_grown_less(before, 4 << 20)
        self.assertEqual(self.server.answers("host.lb.example"), ["192.0.2.1"])
        self.wait_metric('dnsd_tcp_closed_total{reason="slow"}', 50)
        self.assertEqual(self.metric("dnsd_tcp_open"), 0)

    def test_answers_that_nobody_takes_do_not_stay_in_the_kernel(self):
        self.serve("transfer: 1s")
        clients = [self.connect() for _ in range(5)]
        for s in clients:  # few queries, all of them read; with some left the kernel would reset
            s.sendall(framed(query("huge.lb.example", "TXT")) * 300)
        self.wait_metric('dnsd_tcp_closed_total{reason="slow"}', 5)
        self.assertEqual(self.unclosed(), 0)

    def test_a_client_that_reads_late_gets_every_answer(self):
        self.serve("transfer: 5s")
        s = self.connect(timeout=20)
        questions = b"".join(framed(query("big.lb.example", "TXT", id=i)) for i in range(5000))
        sender = threading.Thread(target=s.sendall, args=(questions,))
        sender.start()
        time.sleep(0.5)
        ids = [struct.unpack("!H", dnswire.recv_tcp(s)[:2])[0] for _ in range(5000)]
        sender.join()
        self.assertEqual(ids, list(range(5000)))

    # how many

    def test_a_client_prefix_has_its_limit(self):
        self.serve("clients_per_prefix: 2")
        first, second = self.connect(), self.connect()
        self.assert_answered(first)
        self.assert_answered(second)
        self.assert_closed(self.connect())
        self.assertEqual(self.metric('dnsd_tcp_refused_total{reason="prefix"}'), 1)
        self.assert_answered(self.connect(source="127.0.0.2"))
        first.close()
        self.wait_metric("dnsd_tcp_open", 2)
        self.assert_answered(self.connect())

    def test_the_prefix_may_be_shorter(self):
        self.serve("clients_per_prefix: 1, ipv4_prefix: 24")
        self.assert_answered(self.connect(source="127.0.0.1"))
        self.assert_closed(self.connect(source="127.0.0.2"))
        self.assert_answered(self.connect(source="127.0.1.1"))

    def test_whoever_is_busy_stays_when_a_newcomer_wants_room(self):
        self.serve("clients: 3")
        busy, idle, idle_too = self.connect(), self.connect(), self.connect()
        for s in (busy, idle, idle_too):
            self.assert_answered(s)
        busy.sendall(host()[:5])
        self.wait_metric("dnsd_tcp_open", 3)
        time.sleep(0.1)
        newcomers = [self.connect() for _ in range(3)]
        self.assert_closed(idle)
        self.assert_closed(idle_too)
        self.assert_answered(newcomers[2])
        busy.sendall(host()[5:])
        self.assertEqual(dnswire.Message(dnswire.recv_tcp(busy)).rcode, 0)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="room"}'), 3)

    def test_idle_clients_get_less_time_when_there_is_little_room(self):
        self.serve("clients: 8, idle: 20s")
        for _ in range(8):
            self.connect()
        # 8 open: a tenth of the time; 7: a half; 6: all of it.
        self.wait_metric("dnsd_tcp_open", 7, seconds=6)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="idle"}'), 1)

    def test_thousands_of_idle_connections_cost_little(self):
        count = 4000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 4 * count:
            self.skipTest(f"only {hard} files may be open")
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.serve(f"clients: {count + 1000}, clients_per_prefix: {count}, idle: 1h")
        before = self.resident()
        clients = [self.connect() for _ in range(count)]
        self.wait_metric("dnsd_tcp_open", count)
        self.assert_grown_less(before, 2048 * count)
        cpu = self.cpu_seconds()
        time.sleep(1)
        self.assertLess(self.cpu_seconds() - cpu, 0.05 * harness.PATIENCE)
        self.assertEqual(self.server.answers("host.lb.example"), ["192.0.2.1"])
        for s in clients[::500]:
            self.assert_answered(s)

    # descriptors

    def assert_grown_less(self, before, octets):
        # A sanitizer's shadow is memory too: where one is at work (patience is asked for) this says nothing.
        if harness.PATIENCE == 1:
            self.assertLess(self.resident() - before, octets)

    def limit_files(self, count):
        resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE, (count, self.hard))

    def test_without_descriptors_clients_wait_and_all_else_goes_on(self):
        self.serve()
        self.hard = resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE)[1]
        self.assertEqual(self.metric("dnsd_tcp_open"), 0)
        self.limit_files(0)
        waiting = [self.connect() for _ in range(20)]
        for s in waiting:
            s.sendall(host())
        cpu = self.cpu_seconds()
        for _ in range(10):
            self.assertEqual(self.server.answers("host.lb.example"), ["192.0.2.1"])
            time.sleep(0.1)
        self.assertLess(self.cpu_seconds() - cpu, 0.2 * harness.PATIENCE)
        self.limit_files(self.hard)
        for s in waiting:
            self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).addresses(), ["192.0.2.1"])
        self.assertGreater(self.metric('dnsd_tcp_refused_total{reason="shortage"}'), 2)
        self.assertEqual(self.server.log().count("Too many open files"), 1)

    def test_whoever_gets_the_last_descriptor_keeps_it(self):
        self.serve()
        self.hard = resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE)[1]
        used = {int(fd) for fd in os.listdir(f"/proc/{self.server.pid}/fd")}
        self.limit_files(next(n for n in range(1024) if len(set(range(n)) - used) == 1))
        s = self.connect()
        self.assert_answered(s)
        self.assert_answered(s)
        self.assertEqual(self.server.answers("host.lb.example"), ["192.0.2.1"])
        self.limit_files(self.hard)
        self.assertEqual(self.metric('dnsd_tcp_closed_total{reason="room"}'), 0)

    def test_short_of_descriptors_newcomers_take_the_places_of_idle_clients(self):
        self.serve("clients: 500, clients_per_prefix: 500")
        self.hard = resource.prlimit(self.server.pid, resource.RLIMIT_NOFILE)[1]
        used = {int(fd) for fd in os.listdir(f"/proc/{self.server.pid}/fd")}
        self.limit_files(max(used) + 11)
        clients = [self.connect() for _ in range(200)]
        for s in clients[-5:]:
            self.assert_answered(s)
        self.assertEqual(self.server.answers("host.lb.example"), ["192.0.2.1"])
        for s in clients[:100]:
            self.assert_closed(s)
        self.limit_files(self.hard)
        self.assertGreater(self.metric('dnsd_tcp_closed_total{reason="room"}'), 100)
        self.assertEqual(self.metric('dnsd_tcp_refused_total{reason="shortage"}'), 0)

    def test_fewer_clients_than_configured_where_few_files_may_be_open(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.serve(f"clients: {hard}")
        self.assertIn("takes more than half of the", self.server.log())
        self.assert_answered(self.connect())

    # the end

    def test_what_has_arrived_is_answered_when_dnsd_stops(self):
        self.serve()
        s, idle = self.connect(), self.connect()
        self.assert_answered(s)
        s.sendall(b"".join(host(i) for i in range(2000)))
        self.assertEqual(self.server.stop(), 0)
        for i in range(2000):
            self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).id, i)
        self.assert_closed(s)
        self.assert_closed(idle)


if __name__ == "__main__":
    harness.main()

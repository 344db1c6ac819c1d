"""The query log and dnstap: what they tell, and that they harm no query."""
import json
import re
import signal
import socket
import struct
import subprocess
import threading

import harness

ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS  ns1
ns1 3600 A 192.0.2.53
"""
CONTENT_TYPE = b"protobuf:dnstap.Dnstap"


class Tap(harness.TestCase):
    def counts(self, server, to):
        """Queries told of and lost."""
        metrics = server.get("/metrics")

        def value(name):
            found = re.search(rf'(?m)^{name}{{to="{to}"}} (\S+)$', metrics)
            return float(found[1])
        return value("dnsd_tap_written_total"), value("dnsd_tap_lost_total")

    def wait_written(self, server, to, count):
        harness.wait_until(lambda: self.counts(server, to)[0] >= count, 20 * harness.PATIENCE,
                           f"{count} queries are told of to {to}", server)

    def load(self, server, queries, rate):
        """dnsload, which must lose nothing."""
        done = self.run_program(
            "dnsload", "--server", "%s:%d" % server.address, "--name", "ns1.lb.example",
            "--validate", "--rate", str(rate), "--duration", f"{queries / rate:g}s", "--timeout",
            "10s", "--sleep", "--json", "--quiet", seconds=60)
        report = json.loads(done.stdout)
        self.assertEqual((report["lost"], report["invalid"]), (0, 0), report)
        return report["sent"]


class QueryLog(Tap):
    def start_logging(self, sample):
        return self.dnsd(zone=ZONE, config=f"query_log: {{to: queries.log, sample: {sample}}}\n")

    def test_each_query_is_a_line_and_the_file_can_be_turned_over(self):
        server = self.start_logging(1)
        path = self.folder / "queries.log"
        server.ask("ns1.lb.example", "A")
        server.ask("no.lb.example", "AAAA", tcp=True)
        self.wait_written(server, "query_log", 2)
        # Workers' lines come one worker after the other.
        tcp, udp = sorted(path.read_text().splitlines(), key=lambda line: line.split()[2])
        self.assertRegex(udp, r"^\d{4}-\d\d-\d\dT[0-9:]+\.\d{6}Z 127\.0\.0\.1#\d+ UDP "
                              r"ns1\.lb\.example\. A IN NOERROR 192\.0\.2\.53$")
        self.assertRegex(tcp, r" TCP no\.lb\.example\. AAAA IN NXDOMAIN 0$")
        path.rename(self.folder / "queries.log.1")
        server.signal(signal.SIGHUP)
        harness.wait_until(path.exists, 20 * harness.PATIENCE, "the file is begun anew", server)
        server.ask("ns1.lb.example", "A")
        self.wait_written(server, "query_log", 3)
        self.assertEqual(len(path.read_text().splitlines()), 1)

    def test_a_sample_has_its_share(self):
        server = self.start_logging("1/10")
        sent = self.load(server, 1000, 1000)
        # Each worker begins its count for itself.
        self.wait_written(server, "query_log", sent // 10 - 8)
        self.assertLessEqual(self.counts(server, "query_log")[0], sent // 10 + 8)

    def test_a_file_that_cannot_be_written_is_told_at_the_start(self):
        config = self.write("dnsd.yaml", "query_log: {to: /proc/no/such}\n")
        zone = self.write("lb.zone", ZONE)
        done = self.run_program("dnsd", "--config", config, "--listen", "127.0.0.1:0", "--zone",
                                f"lb.example={zone}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/proc/no/such", done.stderr)


class SlowReader(threading.Thread):
    """Begins a Frame Stream as its specification has it, then reads nothing."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.accepted = []
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.accepted.append(peer)
            try:
                self.control(peer)  # READY
                field = struct.pack(">II", 1, len(CONTENT_TYPE)) + CONTENT_TYPE
                body = struct.pack(">I", 1) + field  # ACCEPT
                peer.sendall(struct.pack(">II", 0, len(body)) + body)
            except OSError:
                pass

    @staticmethod
    def control(peer):
        head = peer.recv(8, socket.MSG_WAITALL)
        return peer.recv(struct.unpack(">II", head)[1], socket.MSG_WAITALL)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.join()
        self.listener.close()
        for peer in self.accepted:
            peer.close()


class Dnstap(Tap):
    def start_tapping(self, to, more=""):
        return self.dnsd(zone=ZONE, config=f"dnstap: {{{to}, identity: ns1{more}}}\n")

    def read(self, path):
        """What BIND's reader makes of a file: a line a message."""
        return subprocess.run(["dnstap-read", path], capture_output=True, text=True,
                              check=True).stdout.splitlines()

    def test_a_file_is_read_by_another_program(self):
        server = self.start_tapping("file: tap")
        server.ask("ns1.lb.example", "A")
        server.ask("no.lb.example", "AAAA", tcp=True)
        self.wait_written(server, "dnstap", 2)
        server.stop()
        lines = self.read(self.folder / "tap")
        self.assertEqual([line.split()[2] for line in lines], ["AQ", "AR", "AQ", "AR"])
        for line in lines:
            tcp = "no.lb.example/IN/AAAA" in line
            self.assertIn(" TCP " if tcp else " UDP ", line)
            self.assertIn("127.0.0.1", line)
            self.assertTrue(tcp or "ns1.lb.example/IN/A" in line, line)

    def capture(self, path):
        process = self.start(harness.Process("fstrm_capture", [
            "fstrm_capture", "-t", CONTENT_TYPE.decode(), "-u", path, "-w", self.folder / "got"]))
        process.may_fail = True
        return process

    def test_a_reader_that_comes_late_gets_what_comes_after(self):
        path = self.folder / "tap.sock"
        server = self.start_tapping(f"socket: {path}")
        for _ in range(5):
            server.ask("ns1.lb.example", "A")
        harness.wait_until(lambda: self.counts(server, "dnstap")[1] == 5, 20 * harness.PATIENCE,
                           "five are lost", server)
        capture = self.capture(path)
        harness.wait_until(lambda: f"dnstap to {path}" in server.log(), 20 * harness.PATIENCE,
                           "the reader is found", server)
        server.ask("ns1.lb.example", "A")
        self.wait_written(server, "dnstap", 1)
        server.stop()
        capture.stop()
        self.assertEqual(len(self.read(self.folder / "got")), 2)

    def test_a_reader_that_reads_nothing_harms_no_query(self):
        path = self.folder / "tap.sock"
        reader = SlowReader(path)
        self.addCleanup(reader.close)
        server = self.start_tapping(f"socket: {path}")
        harness.wait_until(lambda: f"dnstap to {path}" in server.log(), 20 * harness.PATIENCE,
                           "the reader is found", server)
        sent = 0
        while self.counts(server, "dnstap")[1] == 0:
            sent += self.load(server, 2000, 1000)
            self.assertLess(sent, 100_000)
        self.assertEqual(server.ask("ns1.lb.example", "A").addresses(), ["192.0.2.53"])

    def test_nor_does_one_that_says_nothing_at_all(self):
        path = self.folder / "tap.sock"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        listener.bind(str(path))
        listener.listen()
        server = self.start_tapping(f"socket: {path}")
        self.load(server, 500, 500)
        harness.wait_until(lambda: self.counts(server, "dnstap")[1] > 0, 20 * harness.PATIENCE,
                           "queries are lost to dnstap", server)


if __name__ == "__main__":
    harness.main()

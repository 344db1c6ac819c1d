"""What dnsd and reporter tell systemd: the notify protocol, with a socket of ours for systemd's."""
import os
import signal
import socket

import harness

ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS  ns1
ns1 3600 A 192.0.2.53
www 0 A 192.0.2.1
www 0 A 192.0.2.2
"""


class ServiceManager(harness.TestCase):
    def setUp(self):
        super().setUp()
        path = self.folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(str(path))
        self.addCleanup(self.socket.close)
        self.told = []
        for name, value in (("NOTIFY_SOCKET", str(path)), ("WATCHDOG_USEC", "400000")):
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)

    def heard(self, wanted):
        """Polls for messages until one has the line `wanted`; takes all of them up to it away."""
        def look():
            try:
                while True:
                    self.told.append(self.socket.recv(4096).decode().split("\n"))
            except BlockingIOError:
                pass
            at = next((i for i, lines in enumerate(self.told) if wanted in lines), None)
            if at is None:
                return None
            found, self.told = self.told[at], self.told[at + 1:]
            return found
        return harness.wait_until(look, 20 * harness.PATIENCE, f"{wanted} is told; {self.told}")

    def test_dnsd_tells_its_states_and_that_it_is_well(self):
        server = self.dnsd(zone=ZONE)
        self.assertIn("STATUS=1 zone, 1 site", self.heard("READY=1"))
        for _ in range(3):
            self.heard("WATCHDOG=1")
        server.signal(signal.SIGHUP)
        self.assertRegex(" ".join(self.heard("RELOADING=1")), r"MONOTONIC_USEC=\d+")
        self.heard("READY=1")
        server.signal(signal.SIGTERM)
        self.heard("STOPPING=1")

    def test_so_does_reporter(self):
        server = self.dnsd(zone=ZONE)
        self.heard("READY=1")
        server.stop()
        self.heard("STOPPING=1")
        reporter = self.reporter(server, "n1", "192.0.2.1")
        self.heard("READY=1")
        for _ in range(3):
            self.heard("WATCHDOG=1")
        reporter.signal(signal.SIGTERM)
        self.heard("STOPPING=1")


if __name__ == "__main__":
    harness.main()

"""Clients, servers and dnsd on networks that are truly apart (delay_net.py): what the reporters'
kernels measure is how far the clients are."""
import base64
import ipaddress
import socket
import threading
import unittest

import delay_net
import harness
import reporter_test

PATIENCE = harness.PATIENCE
PORT = 80
DNSD = "10.7.0.1"
SERVERS = {"w1": "10.8.1.1", "w2": "10.8.2.1"}
CLIENTS = ["10.9.1.1", "10.9.2.1"]
NEAR, FAR = 0.004, 0.030  # seconds, one way
# Each server is near to one prefix of clients. All other ways are short.
NEAR_TO = {"10.9.1.1": "10.8.1.1", "10.9.2.1": "10.8.2.1"}


def delay(source, destination):
    for client, server in ((str(source), str(destination)), (str(destination), str(source))):
        if client in NEAR_TO and server in SERVERS.values():
            return NEAR if NEAR_TO[client] == server else FAR
    return 0.001


def medians(sink):
    """What was said last of each prefix, in seconds."""
    return {str(ipaddress.ip_address(base64.b64decode(sample["prefix"]))): sample["median_us"] / 1e6
            for beat in sink.beats() for sample in beat["rtts"]}


@unittest.skipIf(delay_net.why_not(), str(delay_net.why_not()))
class Nearest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.net = delay_net.DelayNet(delay)
        self.addCleanup(self.net.stop)
        self.net.add("dns", DNSD)
        self.net.add("clients", *CLIENTS)
        for name, address in SERVERS.items():
            self.net.add(name, address)
        self.net.start()
        for name, address in SERVERS.items():
            self.serve(name, address)

    def serve(self, name, address):
        """A web server in the namespace: it answers what comes, and keeps the connection."""
        with self.net.inside(name):
            listener = socket.create_server((address, PORT))
        # Woken by shutdown: closing alone leaves accept waiting.
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)

        def accept():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection):
            with connection:
                while connection.recv(4096):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        threading.Thread(target=accept, daemon=True).start()

    def get(self, client, server):
        """A request on a connection that then stays open."""
        with self.net.inside("clients"):
            connection = socket.create_connection((server, PORT), 20 * PATIENCE, (client, 0))
        self.addCleanup(connection.close)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200"))

    def report(self, name, heartbeat_port):
        config = self.write(f"{name}.yaml", "rtt_interval: 1s\n")
        load = self.write(f"{name}.load", '{"cpu_utilization": 0.1}')
        return self.start(harness.Process(f"reporter-{name}", self.net.command(
            name, harness.BUILD / "reporter", "--config", config, "--node", name, "--address",
            SERVERS[name], "--dnsd", f"{DNSD}:{heartbeat_port}", "--insecure", "--interval",
            "200ms", "--no-kernel-load", "--load-source", f"file:{load}")))

    def test_a_reporter_tells_the_round_trip_time_of_each_prefixs_path(self):
        for client in CLIENTS:
            for _ in range(3):
                self.get(client, SERVERS["w1"])
        sink = self.start(reporter_test.Sink(
            address=DNSD, wrap=lambda command: self.net.command("dns", *command)))
        self.report("w1", sink.port)
        harness.wait_until(lambda: len(medians(sink)) == 2, 20 * PATIENCE, "two prefixes", sink)
        samples = medians(sink)
        # The kernel's clock and the relay's count from slightly different moments.
        self.assertGreaterEqual(samples["10.9.1.0"], 0.95 * 2 * NEAR)
        self.assertGreaterEqual(samples["10.9.2.0"], 0.95 * 2 * FAR)
        self.assertLess(samples["10.9.1.0"], samples["10.9.2.0"])


if __name__ == "__main__":
    harness.main()

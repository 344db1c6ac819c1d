"""Round-trip times from the reporters' kernels to dnsd's table: counted, bounded, and told to nobody."""
import json
import signal
import socket
import threading

import harness

PATIENCE = harness.PATIENCE
ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   127.0.1.1
www     0 A   127.0.1.2
"""


class Service:
    """A TCP server on a port of an address, its connections held open."""

    def __init__(self, address, port=0):
        self.socket = socket.create_server((address, port))
        self.address = self.socket.getsockname()
        self.accepted = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.accepted.append(connection)
            connection.sendall(b"hello")

    def stop(self):
        self.socket.close()
        for connection in self.accepted:
            connection.close()


class RoundTripTimes(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.service = Service("127.0.1.1")
        self.addCleanup(self.service.stop)
        self.port = self.service.address[1]

    def connect(self, source, service=None):
        """An open connection from an address of loopback, an octet of which is acknowledged."""
        client = socket.create_connection((service or self.service).address, timeout=10,
                                          source_address=(source, 0))
        self.addCleanup(client.close)
        self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"hello")
        return client

    def measure(self, dnsd, node, address, *arguments):
        """A reporter that looks at its connections every second."""
        config = self.write(f"{node}.yaml", "rtt_interval: 1s\n")
        return self.reporter(dnsd, node, address,
                             arguments=["--config", config, "--ports", self.port, *arguments])

    @staticmethod
    def measured(dnsd):
        return dnsd.status()["locality"]["measured"]

    def wait_for_figures(self, dnsd, prefixes, figures):
        def holds():
            seen = self.measured(dnsd)
            return (seen["prefixes"], seen["figures"]) == (prefixes, figures)
        harness.wait_until(holds, 20 * PATIENCE, f"{prefixes} prefixes, {figures} figures", dnsd)

    def test_the_prefixes_of_the_clients_are_counted_and_nowhere_to_be_seen(self):
        for i in range(5):
            self.connect(f"127.77.{i}.1")
        self.connect("127.77.0.200")
        dnsd = self.dnsd("--log-level", "debug", zone=ZONE)
        reporter = self.measure(dnsd, "n1", "127.0.1.1", "--log-level", "debug")
        self.wait_for_figures(dnsd, 5, 5)
        self.connect("127.77.9.1")  # one that comes later
        self.wait_for_figures(dnsd, 6, 6)
        shown = (dnsd.get("/status.json") + dnsd.get("/metrics") + dnsd.log() + reporter.log())
        self.assertNotIn("127.77.", shown)
        self.assertRegex(dnsd.get("/metrics"), r"(?m)^dnsd_rtt_prefixes 6$")

    def test_two_nodes_give_a_prefix_two_figures(self):
        other = Service("127.0.1.2", self.port)
        self.addCleanup(other.stop)
        self.connect("127.77.0.1")
        self.connect("127.77.0.2", other)
        self.connect("127.77.1.2", other)
        dnsd = self.dnsd(zone=ZONE)
        self.measure(dnsd, "n1", "127.0.1.1")
        self.measure(dnsd, "n2", "127.0.1.2")
        self.wait_for_figures(dnsd, 2, 3)

    def test_connections_to_addresses_that_are_not_the_nodes_count_for_nothing(self):
        self.connect("127.77.0.1")
        dnsd = self.dnsd(zone=ZONE)
        self.measure(dnsd, "n2", "127.0.1.2")
        self.wait_for_beats(dnsd, 15)
        self.assertEqual(self.measured(dnsd)["samples"], 0)

    def wait_for_beats(self, dnsd, count):
        harness.wait_until(lambda: dnsd.status()["fleet"]["heartbeats"] >= count, 30 * PATIENCE,
                           f"{count} heartbeats", dnsd)

    def test_a_reporter_that_is_told_not_to_measures_nothing(self):
        self.connect("127.77.0.1")
        dnsd = self.dnsd(zone=ZONE)
        self.measure(dnsd, "n1", "127.0.1.1", "--no-rtt")
        self.wait_for_beats(dnsd, 15)
        self.assertEqual(self.measured(dnsd)["samples"], 0)

    def test_dnsd_refuses_and_forgets_when_told_to(self):
        self.connect("127.77.0.1")
        config = self.write("dnsd.yaml", "locality: {measured: false}\n")
        dnsd = self.dnsd("--config", config, zone=ZONE)
        self.measure(dnsd, "n1", "127.0.1.1")
        self.wait_for_beats(dnsd, 15)
        self.assertIsNone(self.measured(dnsd))
        config.write_text("locality: {measured: true}\n")
        dnsd.signal(signal.SIGHUP)
        harness.wait_until(lambda: (self.measured(dnsd) or {}).get("prefixes") == 1, 20 * PATIENCE,
                           "it is measured", dnsd)
        config.write_text("locality: {measured: false}\n")
        dnsd.signal(signal.SIGHUP)
        harness.wait_until(lambda: self.measured(dnsd) is None, 20 * PATIENCE, "forgotten", dnsd)

    def test_the_place_of_a_node_is_shown_and_changes_with_a_reload(self):
        dnsd = self.dnsd(zone=ZONE)
        config = self.write("place.yaml", "region: eu\nlatitude: 52.5\nlongitude: 13.4\nasn: 64500\n")
        reporter = self.reporter(dnsd, "n1", "127.0.1.1", arguments=["--config", config])

        def place_is(**wanted):
            harness.wait_until(lambda: [n["place"] for n in dnsd.status()["nodes"]] == [wanted],
                               10 * PATIENCE, json.dumps(wanted), dnsd)
        place_is(region="eu", latitude=52.5, longitude=13.4, asn=64500)
        config.write_text("region: us\n")
        reporter.signal(signal.SIGHUP)
        place_is(region="us", latitude=None, longitude=None, asn=None)


if __name__ == "__main__":
    harness.main()

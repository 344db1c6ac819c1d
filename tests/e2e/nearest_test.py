"""Clients, servers and dnsd on networks that are truly apart (delay_net.py): what the reporters'
kernels measure is how far the clients are, and dnsd answers by it."""
import base64
import collections
import ipaddress
import json
import socket
import threading
import unittest

import delay_net
import dnswire
import harness
import reporter_test

PATIENCE = harness.PATIENCE
PORT = 80
DNSD = "10.7.0.1"
SERVERS = {"w1": "10.8.1.1", "w2": "10.8.2.1", "w3": "10.8.3.1"}
CLIENTS = ["10.9.1.1", "10.9.2.1", "10.9.3.1"]
NEAR, FAR = 0.004, 0.080  # seconds, one way
# Each server is near to one prefix of clients. All other ways are short.
NEAR_TO = dict(zip(CLIENTS, SERVERS.values()))
SILENT = "10.8.4.1"  # a server that does not measure, far from all clients
ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   10.7.0.1
www     0 A   10.8.1.1
www     0 A   10.8.2.1
www     0 A   10.8.3.1
shop    0 A   10.8.1.1
shop    0 A   10.8.2.1
shop    0 A   10.8.4.1
"""
# dnsd learns what a session costs: next to nothing, so that a burst of a test's questions is no load
# to speak of.
IDLE = {"cpu_utilization": 0.002, "cpus": 64}
BUSY = {"cpu_utilization": 0.97, "cpus": 64}
ANSWERS = 20


def delay(source, destination):
    for client, server in ((str(source), str(destination)), (str(destination), str(source))):
        if client in CLIENTS and server == SILENT:
            return FAR
        if client in NEAR_TO and server in SERVERS.values():
            return NEAR if NEAR_TO[client] == server else FAR
    return 0.001


def medians(sink):
    """What was said last of each prefix, in seconds."""
    return {str(ipaddress.ip_address(base64.b64decode(sample["prefix"]))): sample["median_us"] / 1e6
            for beat in sink.beats() for sample in beat["rtts"]}


@unittest.skipIf(delay_net.why_not(), str(delay_net.why_not()))
class Apart(harness.TestCase):
    """dnsd, three web servers and the clients, in networks of their own."""

    def setUp(self):
        super().setUp()
        self.net = delay_net.DelayNet(delay)
        self.addCleanup(self.net.stop)
        self.net.add("dns", DNSD)
        self.net.add("clients", *CLIENTS)
        for name, address in {**SERVERS, "w4": SILENT}.items():
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



class Nearest(Apart):
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
        harness.wait_until(lambda: len(medians(sink)) == len(CLIENTS), 20 * PATIENCE,
                           "all prefixes", sink)
        samples = medians(sink)
        # The kernel's clock and the relay's count from slightly different moments.
        self.assertGreaterEqual(samples["10.9.1.0"], 0.95 * 2 * NEAR)
        self.assertGreaterEqual(samples["10.9.2.0"], 0.95 * 2 * FAR)
        self.assertLess(samples["10.9.1.0"], samples["10.9.2.0"])


class AnswersByTimes(Apart):
    """What nobody has told dnsd: no subnets, no regions, no database; and by the leading bits of
    their addresses all members are as near to all clients."""

    def setUp(self):
        super().setUp()
        with self.net.inside("dns"):
            self.server = self.dnsd("--insecure", "--heartbeat-listen", f"{DNSD}:0", zone=ZONE,
                                    # Much, so that all is measured soon; then nothing is left to.
                                    config="site_defaults: {prefer: locality}\n"
                                           "locality: {explore: 0.2}\n",
                                    listen=(f"{DNSD}:0",))
        self.reporters = {}
        for name, address in {**SERVERS, "w4": SILENT}.items():
            config = self.write(f"{name}.yaml",
                                "rtt: false\n" if address == SILENT else "rtt_interval: 1s\n")
            with self.net.inside(name):
                self.reporters[name] = self.reporter(
                    self.server, name, address, load=IDLE,
                    arguments=["--config", config, "--insecure"])
        with self.net.inside("dns"):
            self.server.wait_states(20, **{name: "alive" for name in self.reporters})

    def answer(self, client, site="www"):
        """The address that this client's question is answered with."""
        with self.net.inside("clients"):
            return self.server.answers(f"{site}.lb.example", source=client)[0]

    def answers(self, client):
        """Of so many answers, how many name each server."""
        return collections.Counter(self.answer(client) for _ in range(ANSWERS))

    def wait_until_served_by(self, wanted):
        """Uses the site until each client is answered with the server wanted for it alone."""
        connections = 0

        def settled():
            nonlocal connections
            for client in list(wanted) * 3:
                self.get(client, self.answer(client))
                connections += 1
            return all(self.answers(client) == {wanted[client]: ANSWERS} for client in wanted)
        harness.wait_until(settled, 240 * PATIENCE, f"{wanted} alone", self.server)
        return connections

    def test_each_prefix_is_answered_with_the_server_that_is_truly_nearest_to_it(self):
        connections = self.wait_until_served_by(NEAR_TO)
        print(f"nearest after {connections} connections", flush=True)
        with self.net.inside("dns"):
            measured = self.server.status()["locality"]["measured"]
            self.assertGreaterEqual(measured["figures"], len(CLIENTS))
            # A resolver elsewhere that tells the client's subnet gets the same answer.
            for client, nearest in NEAR_TO.items():
                option = dnswire.subnet_option(client[:-1] + "0", 24)
                edns = dnswire.opt_record(options=[option])
                self.server.wait_for("www.lb.example", [nearest], 20, edns=edns)

    def closeness(self, client):
        """Of the shop's members, as explained: by address."""
        with self.net.inside("dns"):
            told = self.server.get(f"/explain.json?name=shop.lb.example&client={client}")
        places = {m["address"]: m["locality"] for m in json.loads(told)["members"]}
        self.assertIsNone(places[SILENT]["rtt_milliseconds"])
        return {address: place["closeness"] for address, place in places.items()}

    def test_times_count_at_all_sites_and_who_never_measures_stands_at_the_mean(self):
        for client in CLIENTS:
            for server in SERVERS.values():
                self.get(client, server)
        with self.net.inside("dns"):
            harness.wait_until(
                lambda: self.server.status()["locality"]["measured"]["figures"] >= 9,
                60 * PATIENCE, "all is measured", self.server)
        for client, other in (CLIENTS[:2], CLIENTS[1::-1]):
            near, far = NEAR_TO[client], NEAR_TO[other]
            places = self.closeness(client)
            self.assertGreater(places[near], places[SILENT])
            self.assertGreater(places[SILENT], places[far])
            answers = collections.Counter(self.answer(client, "shop") for _ in range(5 * ANSWERS))
            # A fifth goes to w4 so that it is measured, for ever; the far server has no part.
            self.assertEqual(set(answers) - {SILENT}, {near})
            self.assertGreater(answers[near], 2.5 * ANSWERS)
        # From the third network both are far, and so is who stands at their mean.
        places = self.closeness(CLIENTS[2])
        silent = places.pop(SILENT)
        self.assertLessEqual(silent, max(places.values()))
        self.assertGreaterEqual(silent, min(places.values()) - 1)

    def test_traffic_spills_when_the_nearest_is_overloaded_and_comes_back(self):
        self.wait_until_served_by(NEAR_TO)
        client, nearest = CLIENTS[0], NEAR_TO[CLIENTS[0]]
        self.reporters["w1"].set_load(**BUSY)
        harness.wait_until(lambda: self.answers(client)[nearest] < ANSWERS / 2, 30 * PATIENCE,
                           "half of the answers and more go elsewhere", self.server)
        # Whom it does not concern stays where it is near.
        for other in CLIENTS[1:]:
            self.assertGreaterEqual(self.answers(other)[NEAR_TO[other]], 0.8 * ANSWERS)
        self.reporters["w1"].set_load(**IDLE)
        self.wait_until_served_by(NEAR_TO)


if __name__ == "__main__":
    harness.main()

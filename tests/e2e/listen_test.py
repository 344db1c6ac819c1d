"""Addresses, signals and reloads: what an operator does with the process."""
import re
import signal
import socket
import threading
import time

import dnswire
import harness


def zone(address, serial=1):
    return f"""$ORIGIN lb.example.
@      3600 SOA ns1 hostmaster {serial} 3600 600 86400 5
@      3600 NS  ns1
ns1    3600 A   192.0.2.53
host     60 A   {address}
"""


class Listening(harness.TestCase):
    def test_it_answers_on_ipv6(self):
        server = self.dnsd(zone=zone("192.0.2.1"), listen=["[::1]:0"])
        self.assertEqual(server.address[0], "::1")
        for tcp in (False, True):
            self.assertEqual(server.answers("host.lb.example", tcp=tcp), ["192.0.2.1"])

    def test_it_answers_on_each_of_several_addresses(self):
        server = self.dnsd(zone=zone("192.0.2.1"),
                           listen=["127.0.0.1:0", "127.0.0.2:0", "[::1]:0"])
        self.assertEqual([a[0] for a in server.addresses], ["127.0.0.1", "127.0.0.2", "::1"])
        for address in server.addresses:
            self.assertEqual(server.answers("host.lb.example", address=address), ["192.0.2.1"])

    def test_udp_and_tcp_share_the_port(self):
        server = self.dnsd(zone=zone("192.0.2.1"))
        self.assertEqual(server.answers("host.lb.example", tcp=True), ["192.0.2.1"])

    def test_several_workers_share_the_port(self):
        server = self.dnsd("--workers", "4", zone=zone("192.0.2.1"))
        replies = [server.answers("host.lb.example") for _ in range(50)]
        self.assertEqual(replies, [["192.0.2.1"]] * 50)

    def test_a_port_in_use_is_said_with_the_address(self):
        # Another program's port: a socket without SO_REUSEPORT.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            path = self.write("lb.zone", zone("192.0.2.1"))
            done = self.run_program("dnsd", "--listen", address, "--zone", f"lb.example={path}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(address, done.stderr)
        self.assertRegex(done.stderr, "(?i)in use")

    def test_the_port_of_another_dnsd_is_in_use_too(self):
        first = self.dnsd(zone=zone("192.0.2.1"))
        path = self.write("lb.zone", zone("192.0.2.1"))
        done = self.run_program("dnsd", "--listen", "%s:%d" % first.address, "--zone",
                                f"lb.example={path}", seconds=10)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "(?i)in use")

    def test_an_address_of_no_interface_is_said(self):
        path = self.write("lb.zone", zone("192.0.2.1"))
        done = self.run_program("dnsd", "--listen", "203.0.113.1:5300", "--zone",
                                f"lb.example={path}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("203.0.113.1:5300", done.stderr)


class Signals(harness.TestCase):
    def test_sigterm_stops_it_with_status_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.dnsd(zone=zone("192.0.2.1"))
            server.signal(number)
            self.assertEqual(server.popen.wait(10), 0)

    def test_sighup_loads_what_changed(self):
        server = self.dnsd(zone=zone("192.0.2.1"))
        self.write("lb.example.zone", zone("192.0.2.2", serial=2))
        server.signal(signal.SIGHUP)
        server.wait_for("host.lb.example", ["192.0.2.2"])

    def test_a_bad_zone_changes_nothing_and_is_said(self):
        server = self.dnsd(zone=zone("192.0.2.1"))
        self.write("lb.example.zone", zone("192.0.2.2") + "broken A not-an-address\n")
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: re.search(r"lb\.example\.zone:6: ", server.log()), 5,
                           "the reload's error is logged", server)
        self.assertEqual(server.answers("host.lb.example"), ["192.0.2.1"])
        self.write("lb.example.zone", zone("192.0.2.3"))
        server.signal(signal.SIGHUP)
        server.wait_for("host.lb.example", ["192.0.2.3"])

    def test_one_bad_zone_keeps_all_as_they_were(self):
        other = zone("192.0.2.1").replace("lb.example.", "other.example.")
        server = self.dnsd(zones={"lb.example": zone("192.0.2.1"), "other.example": other})
        self.write("lb.example.zone", zone("192.0.2.2"))
        self.write("other.example.zone", "broken")
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: "other.example.zone:1" in server.log(), 5, "an error", server)
        self.assertEqual(server.answers("host.lb.example"), ["192.0.2.1"])

    def test_a_bad_configuration_changes_nothing(self):
        server = self.dnsd(zone=zone("192.0.2.1"), config="edns_size: 1232\n")
        self.write("lb.example.zone", zone("192.0.2.2"))
        self.write("dnsd.yaml", "edns_sice: 1232\n")
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: "dnsd.yaml:1" in server.log(), 5, "an error", server)
        self.assertEqual(server.answers("host.lb.example"), ["192.0.2.1"])

    def test_reloads_lose_no_query(self):
        server = self.dnsd(zone=zone("192.0.2.1"))
        stop = threading.Event()

        def reload_again_and_again():
            while not stop.is_set():
                server.signal(signal.SIGHUP)
                time.sleep(0.02)
        thread = threading.Thread(target=reload_again_and_again)
        thread.start()
        try:
            queries = [dnswire.query("host.lb.example", "A")] * 20000
            replies = dnswire.ask_many_udp(server.address, queries, window=20, tries=1)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(replies.count(None), 0)

    def test_a_zone_file_cut_short_while_it_is_read_changes_nothing(self):
        records = "".join(f"h{i} 60 A 192.0.2.{i % 250}\n" for i in range(100_000))
        server = self.dnsd(zone=zone("192.0.2.1") + records)
        for _ in range(5):
            self.write("lb.example.zone", zone("192.0.2.1") + records)
            server.signal(signal.SIGHUP)
            time.sleep(0.03)
            self.write("lb.example.zone", "")
            time.sleep(0.1)
        self.assertEqual(server.answers("host.lb.example"), ["192.0.2.1"])
        self.assertIsNone(server.poll())

    def test_tcp_connections_outlive_a_reload(self):
        server = self.dnsd(zone=zone("192.0.2.1"))
        octets = dnswire.query("host.lb.example", "A")
        message = len(octets).to_bytes(2, "big") + octets
        with socket.create_connection(server.address, 3) as s:
            s.sendall(message)
            dnswire.recv_tcp(s)
            self.write("lb.example.zone", zone("192.0.2.2"))
            server.signal(signal.SIGHUP)
            server.wait_for("host.lb.example", ["192.0.2.2"])
            s.sendall(message)
            self.assertEqual(dnswire.Message(dnswire.recv_tcp(s)).addresses(), ["192.0.2.2"])


class CommandLine(harness.TestCase):
    def test_help_and_version_work_for_all_programs(self):
        for program in ("dnsd", "reporter"):
            for option in ("--help", "--version"):
                done = self.run_program(program, option)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(program, done.stdout)

    def test_an_unknown_option_is_a_usage_error(self):
        for program in ("dnsd", "reporter"):
            done = self.run_program(program, "--lisen", "127.0.0.1:0")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("--lisen", done.stderr)

    def test_nothing_to_serve_is_a_usage_error(self):
        self.assertEqual(self.run_program("dnsd").returncode, 2)


if __name__ == "__main__":
    harness.main()

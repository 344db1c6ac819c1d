"""The program replaced by another while it answers: no query lost, none answered wrongly."""
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import dnswire
import harness

ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS  ns1
ns1 3600 A 192.0.2.53
""" + "".join(f"www 0 A 192.0.2.{i}\n" for i in (1, 2, 3))
PR_SET_CHILD_SUBREAPER = 36
UPGRADES = round(20 / harness.PATIENCE)
RELOADS = round(100 / harness.PATIENCE)

# Becomes a program to whom sd_listen_fds(3) tells the descriptors given: COUNT FD... PROGRAM...
ACTIVATE = """
import fcntl, os, sys
count = int(sys.argv[1])
aside = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[2:2 + count]]
for i, fd in enumerate(aside):
    os.dup2(fd, 3 + i)
os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), str(count)
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Load:
    """dnsload in the background, again and again until it is told to end; all must be answered."""

    def __init__(self, test, address, rate, answers=1):
        self.test, self.sent = test, 0
        self.command = [harness.BUILD / "dnsload", "--server", "%s:%d" % address, "--name",
                        "www.lb.example", "--validate", "--expect-answers", str(answers), "--rate",
                        str(rate),
                        "--duration", "3s", "--timeout", f"{10 * harness.PATIENCE:g}s", "--sleep",
                        "--json", "--quiet"]
        self.popen = None
        test.addCleanup(self.kill)
        self.tend()

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()

    def tend(self):
        """Starts it, and anew if it has ended."""
        if self.popen is not None:
            if self.popen.poll() is None:
                return
            self.finish()
        self.popen = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self):
        """Waits for its end, and judges."""
        out, errors = self.popen.communicate(timeout=60 * harness.PATIENCE)
        self.test.assertTrue(out, errors)
        report = json.loads(out)
        self.test.assertEqual((report["lost"], report["invalid"]), (0, 0), report)
        self.sent += report["sent"]


class SlowClients(threading.Thread):
    """TCP clients, one after another, that ask a moment after they were let in, as those at some
    distance do. All must be answered."""

    def __init__(self, test, address):
        super().__init__(daemon=True)
        self.test, self.address, self.failures, self.answered = test, address, [], 0
        self.ends = threading.Event()
        self.start()

    def run(self):
        query = dnswire.query("www.lb.example", "A")
        while not self.ends.is_set():
            try:
                with socket.create_connection(self.address, timeout=30) as client:
                    self.ends.wait(0.05)
                    client.sendall(len(query).to_bytes(2, "big") + query)
                    if len(client.recv(512)) > 2:
                        self.answered += 1
                    else:
                        self.failures.append("closed")
            except OSError as error:
                self.failures.append(str(error))

    def finish(self):
        self.ends.set()
        self.join()
        self.test.assertEqual(self.failures, [])
        self.test.assertGreater(self.answered, 5)


class Upgrade(harness.TestCase):
    def setUp(self):
        super().setUp()
        # The new dnsd is a child of the old one, and then ours.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    def ready_pid(self, server):
        try:
            lines = dict(line.split("=", 1) for line in server.ready.read_text().splitlines())
            return int(lines["pid"])
        except (OSError, KeyError):
            return None

    def end(self, pid):
        try:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def upgrade(self, server, pid, how=signal.SIGUSR2):
        """The process that has followed `pid`."""
        os.kill(pid, how)
        successor = harness.wait_until(
            lambda: self.ready_pid(server) not in (None, pid) and self.ready_pid(server),
            60 * harness.PATIENCE, f"another follows; {server.log()}")
        self.addCleanup(self.end, successor)

        def is_gone():
            if pid == server.pid:
                return server.poll() is not None
            try:
                return os.waitpid(pid, os.WNOHANG)[0] == pid
            except ChildProcessError:
                return True
        harness.wait_until(is_gone, 60 * harness.PATIENCE, f"process {pid} ends; {server.log()}")
        return successor

    def config(self, **changes):
        """Writes the configuration, with some values changed."""
        values = {"heartbeat": self.ports[0], "http": self.ports[1], "state": "state",
                  "listen": "127.0.0.1:0", "workers": 2, "more": "", **changes}
        return self.write("dnsd.yaml", """
listen: [{listen}]
zones: [{{apex: lb.example, file: lb.zone}}]
# On a busy machine heartbeats come late: that is another test's business.
heartbeat: {{listen: "127.0.0.1:{heartbeat}", warm_up: 0s, suspect_after: 500, dead_after: 1000}}
http: {{listen: "127.0.0.1:{http}"}}
control: {{socket: control.sock}}
sites: [{{name: www.lb.example, policy: least_load}}]
state_dir: {state}
workers: {workers}
{more}
""".format(**values))

    def start_all(self):
        self.ports = [harness.free_port() for _ in range(2)]
        self.write("lb.zone", ZONE)
        server = self.start(harness.Dnsd(self.folder, ["--config", self.config()]))
        for i, cpu in ((1, 0.8), (2, 0.1), (3, 0.8)):
            # Seldom: a node that is late on a busy machine is not what this is about.
            self.reporter(server, f"n{i}", f"192.0.2.{i}", interval=f"{2 * harness.PATIENCE:g}s",
                          load={"cpu_utilization": cpu})
        server.wait_heard("n1", "n2", "n3")  # who is not known has a part of the answers
        server.wait_for("www.lb.example", ["192.0.2.2"], count=5)
        return server

    def test_upgrades_lose_no_query_and_keep_the_state(self):
        server = self.start_all()
        pid = server.pid
        open_files = None
        load = Load(self, server.address, rate=1000)
        clients = [SlowClients(self, server.address) for _ in range(3)]
        for _ in range(UPGRADES):
            load.tend()
            pid = self.upgrade(server, pid)
            # At once, and without a heartbeat: what the old one knew.
            self.assertEqual(server.answers("www.lb.example"), ["192.0.2.2"])
            self.assertEqual(server.answers("www.lb.example", tcp=True), ["192.0.2.2"])
            count = len(os.listdir(f"/proc/{pid}/fd"))
            open_files = open_files or count
        self.assertLess(count, open_files + max(2, UPGRADES // 2))  # none is left open from one to the next
        load.finish()
        self.assertGreater(load.sent, 1000)
        for each in clients:
            each.finish()
        harness.wait_until(  # the reporters have found the last one
            lambda: all(node["heartbeat_age_seconds"] is not None
                        for node in server.status()["nodes"]),
            20 * harness.PATIENCE, "all nodes are heard")
        self.end(pid)

    def test_a_reload_storm_loses_no_query(self):
        server = self.start_all()
        load = Load(self, server.address, rate=1000)
        zone = self.folder / "lb.zone"
        for i in range(RELOADS):
            load.tend()
            zone.write_text(ZONE + f"n{i} A 192.0.2.9\n")
            server.signal(signal.SIGHUP)
            harness.wait_until(
                lambda: server.ask(f"n{i}.lb.example", "A").addresses() == ["192.0.2.9"],
                20 * harness.PATIENCE, f"reload {i}", server)
            self.assertEqual(server.answers("www.lb.example"), ["192.0.2.2"])
        load.finish()
        self.assertGreater(load.sent, 1000)

    def test_a_new_program_that_cannot_start_changes_nothing(self):
        server = self.start_all()
        self.config(more="nonsense: true")
        server.signal(signal.SIGUSR2)
        harness.wait_until(lambda: "nobody follows" in server.log(), 20 * harness.PATIENCE,
                           "the failure is told", server)
        self.assertIn("nonsense", server.log())
        self.assertEqual(server.answers("www.lb.example"), ["192.0.2.2"])
        self.assertEqual(self.ready_pid(server), server.pid)

    def test_nor_does_one_that_fails_once_it_has_been_given_way(self):
        server = self.start_all()
        self.config(state="/proc/no/such")  # what only the start finds
        server.signal(signal.SIGUSR2)
        harness.wait_until(lambda: "nobody follows" in server.log(), 20 * harness.PATIENCE,
                           "the failure is told", server)
        self.assertIn("/proc/no/such", server.log())
        self.assertEqual(self.ready_pid(server), server.pid)
        server.wait_for("www.lb.example", ["192.0.2.2"], count=5)
        server.wait_heard("n1", "n2", "n3")
        done = self.run_program("dnsdctl", "--socket", self.folder / "control.sock", "nodes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.config()
        pid = self.upgrade(server, server.pid)  # nothing of the failure is left
        self.assertEqual(server.answers("www.lb.example"), ["192.0.2.2"])
        self.end(pid)

    def test_an_order_outlives_a_follower_that_fails_though_nothing_is_stored(self):
        def forgetful(**changes):
            path = self.config(**changes)
            path.write_text(path.read_text().replace("state_dir: state\n", ""))
        server = self.start_all()
        server.stop()
        forgetful()
        server = self.start(harness.Dnsd(self.folder, ["--config", self.folder / "dnsd.yaml"]))
        server.wait_heard("n1", "n2", "n3")
        ctl = lambda *words: self.run_program("dnsdctl", "--socket", self.folder / "control.sock",
                                              *words)
        ordered = ctl("drain", "n2", "www.lb.example@n3")
        self.assertEqual(ordered.returncode, 0, ordered.stderr)
        self.assertIn("there is no state_dir", ordered.stderr)
        self.assertEqual(server.sample("www.lb.example"), {"192.0.2.1"})
        with socket.create_server(("127.0.0.1", 0)) as taken:
            forgetful(http=taken.getsockname()[1])  # what only the start finds
            server.signal(signal.SIGUSR2)
            harness.wait_until(lambda: "nobody follows" in server.log(), 60 * harness.PATIENCE,
                               "the failure is told", server)
        server.wait_heard("n1", "n2", "n3")
        self.assertEqual(server.sample("www.lb.example"), {"192.0.2.1"})
        self.assertIn("draining", ctl("nodes", "n2").stdout)

    def test_a_reload_takes_other_workers_and_addresses(self):
        server = self.start_all()
        port = harness.free_port()
        self.config(listen=f"127.0.0.1:0, 127.0.0.1:{port}", workers=3)
        load = Load(self, server.address, rate=500)
        pid = self.upgrade(server, server.pid, signal.SIGHUP)
        self.assertEqual(server.answers("www.lb.example", address=("127.0.0.1", port)),
                         ["192.0.2.2"])
        self.config(workers=1)
        pid = self.upgrade(server, pid, signal.SIGHUP)
        load.finish()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        self.end(pid)


    def test_one_address_and_all_addresses_follow_each_other(self):
        server = self.start_all()
        port = server.address[1]
        load = Load(self, server.address, rate=500)
        pid = server.pid
        for address in ("0.0.0.0", "127.0.0.1"):
            self.config(listen=f"{address}:{port}")
            pid = self.upgrade(server, pid, signal.SIGHUP)
            self.assertEqual(server.answers("www.lb.example"), ["192.0.2.2"])
        load.finish()
        self.end(pid)

    def test_a_reload_of_an_address_that_is_none_changes_nothing(self):
        server = self.start_all()
        (self.folder / "lb.zone").write_text(ZONE + "other A 192.0.2.9\n")
        self.config(listen="127.0.0.1:0, 192.0.2.99:53")
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: "not reloaded" in server.log(), 20 * harness.PATIENCE,
                           "the failure is told", server)
        self.assertIn("192.0.2.99:53", server.log())
        self.assertEqual(self.ready_pid(server), server.pid)
        self.assertEqual(server.answers("www.lb.example"), ["192.0.2.2"])
        self.assertEqual(server.ask("other.lb.example", "A").addresses(), [])


class Activation(harness.TestCase):
    def sockets(self):
        port = harness.free_port()
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for s in (udp, tcp):
            s.bind(("127.0.0.1", port))
            self.addCleanup(s.close)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        tcp.listen(64)
        return port, (udp.fileno(), tcp.fileno())

    def launcher(self, fds):
        return [sys.executable, "-c", ACTIVATE, str(len(fds)), *map(str, fds)]

    def activated(self, port, fds):
        zone = self.write("lb.zone", ZONE)
        return self.start(harness.Dnsd(
            self.folder, ["--listen", f"127.0.0.1:{port}", "--zone", f"lb.example={zone}",
                          "--workers", "2"],
            launcher=self.launcher(fds), pass_fds=fds))

    def test_a_restart_with_the_service_managers_sockets_loses_no_query(self):
        port, fds = self.sockets()
        server = self.activated(port, fds)
        load = Load(self, server.address, rate=500, answers=3)  # no node has reported: the pool
        for _ in range(3):
            load.tend()
            self.assertEqual(server.stop(), 0)
            server = self.activated(port, fds)
            self.assertEqual(len(server.answers("www.lb.example", tcp=True)), 3)
        load.finish()
        self.assertGreater(load.sent, 500)

    def test_a_socket_at_an_address_that_is_not_listed_is_told(self):
        port, fds = self.sockets()
        zone = self.write("lb.zone", ZONE)
        other = harness.free_port()
        server = self.start(harness.Dnsd(
            self.folder, ["--listen", f"127.0.0.1:{other}", "--zone", f"lb.example={zone}"],
            launcher=self.launcher(fds), pass_fds=fds))
        self.assertIn(f"TCP 127.0.0.1:{port}", server.log())
        self.assertEqual(len(server.answers("www.lb.example")), 3)


if __name__ == "__main__":
    harness.main()

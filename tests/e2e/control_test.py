"""dnsdctl against a running dnsd: what it shows, and what it orders."""
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess

import controlled
import harness
from controlled import FAST, ZONE, A, B


class Control(controlled.TestCase):
    def server(self, *arguments, config=FAST):
        return self.controlled(*arguments, zone=ZONE, config=config)

    def fleet(self, *arguments, loads=({}, {})):
        server = self.server(*arguments)
        for name, address, load in (("web1", A, loads[0]), ("web2", B, loads[1])):
            self.reporter(server, name, address, load={"cpu_utilization": 0.1, **load})
        server.wait_heard("web1", "web2")
        return server

    def node(self, name):
        return json.loads(self.ctl("--json", "nodes", name))[0]

    def test_status_nodes_and_zones_are_shown(self):
        self.fleet()
        self.assertRegex(self.ctl("status"), r"nodes +2 alive")
        self.assertRegex(self.ctl("zones"), r"lb\.example\. +7 +\d+ +1\n")
        self.assertRegex(self.ctl("nodes"), r"(?m)^web1 +alive +10 ")
        self.assertNotIn("web1", self.ctl("nodes", "*2"))
        self.assertEqual(json.loads(self.ctl("--json", "status"))["zones"][0]["serial"], 7)
        self.assertIn("no node matches 'web9'", self.ctl("nodes", "web9", fails=1))

    def test_a_drained_node_is_named_no_more_until_it_is_undrained(self):
        server = self.fleet()
        server.wait_for("www.lb.example", [A, B])
        self.assertEqual(self.ctl("drain", "web1", "--reason", "new disk"), "web1\n")
        self.assertEqual(server.sample("www.lb.example"), {B})  # from the next answer on
        node = self.node("web1")
        self.assertEqual((node["state"], node["order"]["reason"]), ("draining", "new disk"))
        self.assertRegex(self.ctl("nodes"), r"web1 +draining .*drain: new disk\n")
        self.ctl("undrain", "web*")
        server.wait_for("www.lb.example", [A, B])
        self.assertIsNone(self.node("web1")["order"])

    def test_the_log_tells_who_gave_an_order(self):
        server = self.fleet()
        self.ctl("drain", "web1", "www.lb.example@web2", "--reason", "new disk")
        self.ctl("undrain", "web1")
        self.ctl("log-level", "info")
        for order in ("drain (new disk), of web1, www.lb.example.@web2",
                      "drain taken back, of web1", "log level info"):
            self.assertRegex(server.log(), f"info: order: {re.escape(order)}: "
                                           f"uid {os.getuid()}, process [1-9][0-9]*\n")

    def test_a_disabled_node_comes_back_by_itself(self):
        server = self.fleet()
        self.ctl("disable", "web2", "--for", "1h")
        self.assertRegex(self.node("web2")["order"]["until"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual(server.sample("www.lb.example"), {A})
        self.ctl("disable", "web2", "--for", "100ms")  # replaces the first
        server.wait_states(web2="alive")
        server.wait_for("www.lb.example", [A, B])

    def test_a_name_that_is_mistyped_orders_nothing(self):
        server = self.fleet()
        self.assertIn("no node or site matches 'web3'; nothing is changed",
                      self.ctl("drain", "web1", "web3", fails=1))
        server.wait_states(web1="alive", web2="alive")

    def test_an_order_outlives_a_restart_and_a_crash(self):
        state = ("--state-dir", self.folder / "state")
        server = self.fleet(*state)
        self.ctl("drain", "web1", "--reason", "new disk")
        server.stop()
        server = self.server(*state)
        self.assertEqual(server.sample("www.lb.example"), {B})
        self.assertEqual(self.node("web1")["order"]["reason"], "new disk")
        self.ctl("disable", "web1", "--reason", "no disk")
        server.kill()  # at once: it was stored before dnsdctl returned
        self.server(*state)
        self.assertEqual(self.node("web1")["order"]["reason"], "no disk")

    def test_that_a_restart_will_forget_an_order_is_said(self):
        self.fleet()
        done = self.run_program("dnsdctl", "--socket", self.socket, "drain", "web1")
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning: there is no state_dir", done.stderr)

    def test_undrain_leaves_a_disabled_node_alone(self):
        self.fleet()
        self.ctl("disable", "web2", "--reason", "corrupt\x1b[2J\n")
        self.assertEqual(self.node("web2")["order"]["reason"].count("\n"), 0)
        self.ctl("drain", "web1")
        self.assertEqual(self.ctl("undrain", "*"), "web1\n")
        self.assertEqual(self.node("web2")["state"], "disabled")
        self.assertEqual(self.ctl("enable", "*"), "web2\n")
        self.assertEqual(self.ctl("enable", "*"), "")

    def test_wait_returns_when_the_connections_are_gone(self):
        self.fleet(loads=({"connections": 2}, {"connections": 0}))
        self.ctl("drain", "web2", "--wait")
        self.assertIn("web1 2", self.ctl("drain", "web1", "--wait", "--timeout", "300ms", fails=1))
        self.processes[1].set_load(cpu_utilization=0.1, connections=0)
        self.ctl("drain", "web1", "--wait")

    def test_wait_fails_when_the_order_is_over_before_the_connections(self):
        self.fleet(loads=({"connections": 2}, {}))
        self.assertIn("no longer under this order",
                      self.ctl("drain", "web1", "--wait", "--for", "500ms", fails=1))

    def test_wait_says_when_there_is_nothing_to_wait_for(self):
        self.fleet()
        self.assertIn("reports no connections", self.ctl("drain", "web1", "--wait", fails=1))

    def test_reload_returns_when_it_is_done_and_says_what_is_wrong(self):
        server = self.server()
        path = self.folder / "lb.example.zone"
        path.write_text(ZONE.replace("hostmaster 7", "hostmaster 8"))
        self.assertEqual(self.ctl("reload"), "")
        self.assertEqual(server.status()["zones"][0]["serial"], 8)
        path.write_text(ZONE + "broken 0 A 192.0.2.400\n")
        message = self.ctl("reload", fails=1)
        self.assertIn("the old state goes on serving", message)
        self.assertIn(f"{path}:7", message)
        self.assertEqual(server.status()["zones"][0]["serial"], 8)
        path.write_text(ZONE)
        (self.folder / "dnsd.yaml").write_text(FAST + "workers: 3\n")
        self.assertIn("workers has changed: a new dnsd takes over", self.ctl("reload"))

        def follower():
            lines = dict(line.split("=", 1) for line in server.ready.read_text().splitlines())
            return lines.get("pid") != str(server.pid) and int(lines.get("pid", 0))
        self.addCleanup(os.kill, harness.wait_until(follower, 30 * harness.PATIENCE,
                                                    "a new dnsd serves", server), signal.SIGTERM)

    def test_the_log_level_changes(self):
        server = self.server()
        self.ctl("log-level", "debug")
        self.assertIn("log level debug", server.log())
        self.assertEqual(self.run_program("dnsdctl", "log-level", "loud").returncode, 2)

    def test_the_socket_is_for_owner_and_group_and_goes_with_dnsd(self):
        server = self.server()
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o660)
        self.assertIn(["control", str(self.socket)], server.ready_lines)
        server.stop()
        self.assertFalse(self.socket.exists())
        self.assertIn("there is no such socket", self.ctl("status", fails=1))

    def test_what_a_crash_left_is_replaced_and_a_living_socket_is_not(self):
        server = self.server()
        server.kill()
        self.assertTrue(self.socket.exists())
        server = self.server()
        done = self.run_program("dnsd", "--listen", "127.0.0.1:0", "--zone",
                                f"lb.example={self.folder / 'lb.example.zone'}",
                                "--control-socket", self.socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another process answers there", done.stderr)
        self.assertRegex(self.ctl("status"), "dnsd +[0-9]")
        server.stop()

    def test_a_file_that_is_no_socket_is_left_alone(self):
        self.socket = self.write("control.sock", "precious")
        done = self.run_program("dnsd", "--listen", "127.0.0.1:0", "--zone",
                                f"lb.example={self.write('lb.zone', ZONE)}",
                                "--control-socket", self.socket)
        self.assertEqual(done.returncode, 1)
        self.assertIn("found a file that is no socket", done.stderr)
        self.assertEqual(pathlib.Path(self.socket).read_text(), "precious")

    def test_garbage_on_the_socket_harms_nothing(self):
        server = self.server()
        for octets in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 5000, b""):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.connect(str(self.socket))
                client.sendall(octets)
        self.assertRegex(self.ctl("status"), "dnsd +[0-9]")
        self.assertEqual(server.answers("ns1.lb.example"), ["192.0.2.53"])

    def test_top_goes_on_until_nobody_reads(self):
        self.fleet()
        top = subprocess.Popen([harness.BUILD / "dnsdctl", "--socket", self.socket, "top",
                                "--interval", "50ms"], stdout=subprocess.PIPE, text=True)
        seen = 0
        while seen < 3:
            seen += "web1" in top.stdout.readline()
        top.stdout.close()
        self.assertEqual(top.wait(20 * harness.PATIENCE), 0)

    def test_the_completion_is_a_bash_script(self):
        script = self.run_program("dnsdctl", "completion").stdout
        for words, wanted in ((["dr"], ["drain"]), (["log-level", "w"], ["warning"]),
                              (["drain", "--wa"], ["--wait"])):
            self.assertEqual(self.complete(script, words), wanted)

    def test_names_of_nodes_are_completed_and_never_expanded(self):
        server = self.server()
        trap = self.folder / "trap"
        evil = f"web$(touch${{IFS}}{trap})"
        self.reporter(server, "web1", A)
        self.reporter(server, "db1", B)
        self.start(harness.Process("evil", [
            harness.BUILD / "reporter", "--node", evil, "--address", "127.0.1.9", "--dnsd",
            "%s:%d" % server.heartbeat]))
        server.wait_heard("web1", "db1", evil)
        script = self.run_program("dnsdctl", "completion").stdout
        found = self.complete(script, ["--socket", str(self.socket), "drain", "w"])
        self.assertEqual(len(found), 2)
        self.assertIn("web1", found)
        self.assertFalse(trap.exists())

    def complete(self, script, words):
        """What bash would offer behind `dnsdctl WORDS`."""
        program = script + """
COMP_WORDS=(dnsdctl "$@"); COMP_CWORD=$#; _dnsdctl; printf '%s\\n' "${COMPREPLY[@]}"
"""
        path = f"{harness.BUILD}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", program, "bash", *words], capture_output=True, text=True,
                              env={**os.environ, "PATH": path}, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split("\n")[:-1]


if __name__ == "__main__":
    harness.main()

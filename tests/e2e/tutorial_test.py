"""docs/tutorial-delegation.md, done: its files, a parent (NSD) and a resolver (Unbound)."""
import contextlib
import os
import re
import subprocess
import sys
import unittest

import delay_net
import harness
import peers

NAMESERVERS = {"ns1": "192.0.2.53", "ns2": "198.51.100.53"}
WEBS = {f"web{i}": f"192.0.2.{i}" for i in (1, 2, 3)}
PARENT = "192.0.2.10"
PARENT_ZONE = """$ORIGIN company.example.
@ 3600 SOA ns hostmaster 1 3600 600 86400 300
@ 3600 NS ns
ns 3600 A 192.0.2.10
"""


def tutorial_blocks():
    """The text of each block of the tutorial, by the words before it."""
    text = (harness.SOURCE / "docs" / "tutorial-delegation.md").read_text()
    return {before.strip(): block for before, block in
            re.findall(r"(?ms)^((?:[^\n]+\n)+)\n```\w*\n(.*?)^```", text)}


def block(words):
    """The one block before which these words stand."""
    found = [text for before, text in tutorial_blocks().items() if words in before]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} blocks of the tutorial are after '{words}'")
    return found[0]


@unittest.skipIf(delay_net.why_not(), delay_net.why_not())
class Tutorial(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.namespace = f"dnsd-{os.getpid()}-tutorial"
        self.ip("netns", "add", self.namespace)
        self.addCleanup(self.ip, "netns", "delete", self.namespace)
        self.ip("-n", self.namespace, "link", "set", "lo", "up")
        for address in (*NAMESERVERS.values(), *WEBS.values(), PARENT):
            self.ip("-n", self.namespace, "address", "add", f"{address}/32", "dev", "lo")

    def tearDown(self):
        for process in reversed(self.processes):  # before their network is gone
            with contextlib.suppress(AssertionError):
                process.stop()

    def ip(self, *arguments):
        subprocess.run(["ip", *arguments], check=True)

    def inside(self, name, *command, cwd=None):
        """A program that runs in the network of the tutorial."""
        process = self.start(harness.Process(
            name, ["ip", "netns", "exec", self.namespace, *command], cwd=cwd))
        process.may_fail = not str(command[0]).startswith(str(harness.BUILD))  # how, is its own
        return process

    def dig(self, *arguments, server="127.0.0.1"):
        return subprocess.run(
            ["ip", "netns", "exec", self.namespace, "dig", f"@{server}", "+time=5", "+tries=2",
             *arguments], capture_output=True, text=True, check=False).stdout

    def addresses(self, count=20):
        """What the resolver's clients are sent to."""
        return set("".join(self.dig("+short", "www.company.example") for _ in range(count)).split(
            )) - {"www.lb.company.example."}

    def start_parent(self):
        self.write("parent/company.example.zone", PARENT_ZONE + block("In the zone `company.example`"))
        config = self.write("parent/nsd.conf", f"""
server:
  ip-address: {PARENT}@53
  username: ""
  zonesdir: "{self.folder}/parent"
  database: ""
  pidfile: ""
  zonelistfile: "{self.folder}/parent/zone.list"
  xfrdfile: "{self.folder}/parent/xfrd.state"
  xfrdir: "{self.folder}/parent"
remote-control:
  control-enable: no
zone:
  name: company.example
  zonefile: company.example.zone
""")
        self.inside("nsd", peers.program("nsd"), "-d", "-c", config)

    def start_resolver(self):
        config = self.write("unbound.conf", f"""
server:
  interface: 127.0.0.1
  username: ""
  chroot: ""
  directory: "{self.folder}"
  pidfile: ""
  use-syslog: no
  do-ip6: no
  do-not-query-localhost: no
  module-config: "iterator"
stub-zone:
  name: company.example
  stub-addr: {PARENT}
""")
        self.inside("unbound", peers.program("unbound"), "-d", "-c", config)

    def start_dnsd(self, name, address):
        folder = self.folder / name
        config = block("`/etc/dnsd/dnsd.yaml`").replace(NAMESERVERS["ns1"], address)
        for place in ("/var/lib/dnsd", "/run/dnsd"):
            config = config.replace(place, str(folder))
        self.write(f"{name}/dnsd.yaml", config)
        self.write(f"{name}/zones/lb.company.example.zone", block("lb.company.example.zone`"))
        for web in WEBS:
            self.write(f"{name}/tokens/{web}", (self.folder / "tokens" / web).read_text())
        checked = self.run_program("dnsd", "check", "--config", folder / "dnsd.yaml")
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))
        return self.inside(name, harness.BUILD / "dnsd", "--config", folder / "dnsd.yaml")

    def start_web(self, name):
        self.write(f"{name}/www/index.html", "hello\n")
        return self.inside(name, sys.executable, "-m", "http.server", "--bind", WEBS[name], "80",
                           cwd=self.folder / name / "www")

    def start_reporter(self, name):
        config = block("`/etc/dnsd/reporter.yaml`")
        config = config.replace("web1", name).replace(WEBS["web1"], WEBS[name])
        self.write(f"{name}/reporter.yaml", config)
        self.write(f"{name}/token", (self.folder / "tokens" / name).read_text())
        self.inside(f"reporter-{name}", harness.BUILD / "reporter", "--config",
                    self.folder / name / "reporter.yaml")

    def wait_alive(self, name, *webs):
        def alive():
            done = self.run_program("dnsdctl", "--socket", self.folder / name / "control.sock",
                                    "nodes", "--json")
            return done.returncode == 0 and len(re.findall(r'"state": ?"alive"', done.stdout)) == 3
        harness.wait_until(alive, 30 * harness.PATIENCE, f"{webs} are alive to {name}")

    def test_it_does_what_it_says(self):
        subprocess.run(["sh", "-ec", block("A token proves")], cwd=self.folder, check=True)
        servers = {name: self.start_dnsd(name, address) for name, address in NAMESERVERS.items()}
        for address in NAMESERVERS.values():
            for transport in ("+notcp", "+tcp"):
                harness.wait_until(
                    lambda: " aa" in self.dig(transport, "www.lb.company.example", server=address),
                    20 * harness.PATIENCE, f"{address} answers with authority, {transport}")
        webs = {name: self.start_web(name) for name in WEBS}
        for name in WEBS:
            self.start_reporter(name)
        for name in servers:
            self.wait_alive(name, *WEBS)
        self.start_parent()
        self.start_resolver()
        harness.wait_until(lambda: "ANSWER: 2" in self.dig("www.company.example"),
                           30 * harness.PATIENCE, "the delegation holds")
        answer = harness.dig_section(self.dig("www.company.example"), "ANSWER")
        self.assertEqual([record[3] for record in answer], ["CNAME", "A"])
        self.assertEqual(answer[1][1], "0")  # the TTL

        webs["web2"].stop()
        harness.wait_until(lambda: WEBS["web2"] not in self.addresses(), 30 * harness.PATIENCE,
                           "nobody is sent to web2")
        self.assertLessEqual(self.addresses(), {WEBS["web1"], WEBS["web3"]})
        self.start_web("web2")
        for web in ("web1", "web3"):
            webs[web].stop()
        harness.wait_until(lambda: self.addresses() == {WEBS["web2"]}, 30 * harness.PATIENCE,
                           "all are sent to web2")
        servers["ns1"].stop()
        harness.wait_until(lambda: self.addresses(5) == {WEBS["web2"]}, 60 * harness.PATIENCE,
                           "ns2 answers alone")


if __name__ == "__main__":
    harness.main()

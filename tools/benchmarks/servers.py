"""The servers that are measured: dnsd, the bare responder, and the peers from their Debian packages.

Each is made with a folder and the Sites it serves, which writes its files; start() runs it, on the
CPUs given, and answers() tells when it is there. One may be started and stopped again and again.
"""
import re
import shutil
import subprocess

import dnswire
import harness

from benchmarks.zones import APEX, MEMBERS


def program(name):
    """Debian keeps servers in /usr/sbin, which is not on everybody's path."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise SystemExit(f"bench: {name} is not installed: tools/install-packages bench")
    return path


class Server:
    """key is what --servers calls it; package has its version; count is that of a response's
    records; dynamic: the answers are chosen by the server, not read from a zone."""
    key = name = package = None
    count = MEMBERS
    dynamic = False

    def __init__(self, folder, sites):
        self.folder, self.sites = folder / self.key, sites
        self.folder.mkdir(parents=True)
        self.address = ("127.0.0.1", harness.free_port())
        self.process = None
        self.prepare()

    def prepare(self):
        """Writes the files."""

    def command(self):
        raise NotImplementedError

    def start(self, cpus=None, wait=True):
        pin = ["taskset", "-c", cpus] if cpus else []
        self.process = harness.Process(self.key, [*pin, *self.command()], cwd=self.folder)
        if wait:
            harness.wait_until(self.answers, 120, f"{self.name} answers", self.process)
        return self

    def stop(self):
        if self.process:
            self.process.stop(60)
            self.process = None

    @property
    def pid(self):
        return self.process.pid

    def query(self, edns=None):
        """A query for the site that the zone file lists last."""
        return dnswire.query(self.sites.name(self.sites.last), "A", edns)

    def right(self, octets):
        """Whether a response has members of the site, as many as it should."""
        answers = dnswire.Message(octets).addresses()
        return (len(answers) == self.count
                and set(answers) <= set(self.sites.members(self.sites.last)))

    def answers(self):
        reply = dnswire.ask_udp(self.address, self.query(), timeout=0.3)
        return reply is not None and self.right(reply)

    def reply_size(self, edns):
        """Octets of the response to query()."""
        reply = dnswire.ask_udp(self.address, self.query(dnswire.opt_record() if edns else None))
        return len(reply)


class Floor(Server):
    key, name, count = "floor", "bare responder", 1
    threads = 1

    def command(self):
        return [harness.BUILD / "floor_responder", "--listen", "%s:%d" % self.address,
                "--threads", self.threads]

    def right(self, octets):
        return len(dnswire.Message(octets).answer) == self.count

    def stop(self):
        if self.process:
            self.process.kill()
            self.process = None


class Dnsd(Server):
    key, name, count, dynamic = "dnsd", "dnsd by load", 1, True
    workers = 1
    feeder = None

    def prepare(self):
        self.zone = self.sites.write(self.folder / "zone")
        self.heartbeat = ("127.0.0.1", harness.free_port())

    def command(self):
        return [harness.BUILD / "dnsd", "--workers", self.workers, "--listen",
                "%s:%d" % self.address, "--zone", f"{APEX}={self.zone}", "--heartbeat-listen",
                "%s:%d" % self.heartbeat]

    def right(self, octets):
        """Until a site's nodes have reported, it is served as plain DNS would: all its members."""
        answers = dnswire.Message(octets).addresses()
        return (0 < len(answers) <= (self.count if self.feeder else MEMBERS)
                and set(answers) <= set(self.sites.members(self.sites.last)))

    def feed(self, cpus, nodes=None, interval="1s", connections=0):
        """All nodes report from now on, by a process on `cpus`."""
        self.starve()
        self.feeder = harness.Process("feeder", [
            "taskset", "-c", cpus, harness.BUILD / "heartbeat_feeder", "--dnsd",
            "%s:%d" % self.heartbeat, "--nodes", nodes or self.sites.nodes, "--interval", interval,
            "--connections", connections])
        harness.wait_until(lambda: "ready" in self.feeder.log(), 120, "all nodes report",
                           self.feeder)
        harness.wait_until(self.answers, 10, "dnsd answers by load", self.process)
        return self

    def starve(self):
        if self.feeder:
            self.feeder.stop(60)
            self.feeder = None

    def stop(self):
        self.starve()
        super().stop()


class _Gdnsd(Server):
    package = "gdnsd"
    plugins = ""
    record = None  # of every site; None: its addresses

    def prepare(self):
        (self.folder / "zones").mkdir()
        self.sites.write(self.folder / "zones" / APEX, self.record)
        plugins = f"plugins => {{ {self.plugins} }}\n" if self.plugins else ""
        (self.folder / "config").write_text(
            f"options => {{ listen => [ {self.address[0]}:{self.address[1]} ], udp_threads => 1, "
            f"tcp_threads => 1, min_ttl => 0, run_dir => {self.folder}/run, "
            f"state_dir => {self.folder}/state }}\n"
            + plugins)

    def command(self):
        return [program("gdnsd"), "-c", self.folder, "start"]

    def right(self, octets):
        if not self.record:
            return super().right(octets)
        return len(dnswire.Message(octets).answer) == self.count


def _pool(form):
    return ", ".join(form.format(m=m, address=f"10.0.0.{m + 1}") for m in range(MEMBERS))


class GdnsdStatic(_Gdnsd):
    key, name = "gdnsd-static", "gdnsd static"


class GdnsdWeighted(_Gdnsd):
    key, name, count, dynamic = "gdnsd-weighted", "gdnsd weighted", 1, True
    record = "DYNA weighted!pool"
    plugins = ("weighted => { service_types => up, multi => false, pool => { "
               + _pool("m{m} => [ {address}, 10 ]") + " } }")


class GdnsdMultifo(_Gdnsd):
    key, name, dynamic = "gdnsd-multifo", "gdnsd multifo", True
    record = "DYNA multifo!pool"
    plugins = ("multifo => { service_types => up, pool => { " + _pool("m{m} => {address}")
               + " } }")


# Four parts of the address space, each with a first choice of its own.
QUARTERS = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"]


class GdnsdGeoip(_Gdnsd):
    key, name, count, dynamic = "gdnsd-geoip", "gdnsd geoip (nets)", 1, True
    record = "DYNA geoip!pool"
    plugins = ("geoip => { maps => { map => { datacenters => [ dc0, dc1, dc2, dc3 ], nets => { "
               + ", ".join(f"{net} => [ {', '.join(f'dc{(q + i) % 4}' for i in range(4))} ]"
                           for q, net in enumerate(QUARTERS))
               + " } } }, resources => { pool => { map => map, service_types => up, dcmap => { "
               + _pool("dc{m} => {address}") + " } } } }")


class KnotStatic(Server):
    key, name, package = "knot-static", "Knot static", "knot"
    module = zone_module = ""

    def prepare(self):
        self.zone = self.sites.write(self.folder / "zone")
        (self.folder / "knot.conf").write_text(f"""server:
  rundir: "{self.folder}"
  listen: {self.address[0]}@{self.address[1]}
  udp-workers: 1
  tcp-workers: 1
  udp-max-payload: 1232
log:
  - target: stderr
    any: warning
database:
  storage: "{self.folder}"
{self.module.format(folder=self.folder)}template:
  - id: default
    storage: "{self.folder}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
  - domain: {APEX}
    file: "{self.zone}"
{self.zone_module}""")

    def command(self):
        return [program("knotd"), "-c", self.folder / "knot.conf"]


class KnotGeoip(KnotStatic):
    key, name, package = "knot-geoip", "Knot geoip (subnets)", "knot-module-geoip"
    count, dynamic = 1, True
    module = ("mod-geoip:\n  - id: geo\n    config-file: {folder}/geo.conf\n    ttl: 1\n"
              "    mode: subnet\n")
    zone_module = "    module: mod-geoip/geo\n"

    def prepare(self):
        super().prepare()
        with open(self.folder / "geo.conf", "w", encoding="ascii") as out:
            for i in range(self.sites.count):
                out.write(f"{self.sites.name(i)}:\n" + "".join(
                    f"  - net: {net}\n    A: {address}\n"
                    for net, address in zip(QUARTERS, self.sites.members(i))))


class NsdStatic(Server):
    key, name, package = "nsd-static", "NSD static", "nsd"

    def prepare(self):
        self.zone = self.sites.write(self.folder / "zone")
        (self.folder / "nsd.conf").write_text(f"""server:
  ip-address: {self.address[0]}@{self.address[1]}
  server-count: 1
  username: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: ""
  zonelistfile: "{self.folder}/zone.list"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: no
zone:
  name: "{APEX}"
  zonefile: "{self.zone}"
""")

    def command(self):
        return [program("nsd"), "-d", "-c", self.folder / "nsd.conf"]


class BindStatic(Server):
    key, name, package = "bind-static", "BIND static", "bind9"

    def prepare(self):
        self.zone = self.sites.write(self.folder / "zone")
        (self.folder / "named.conf").write_text(f"""options {{
  directory "{self.folder}";
  listen-on port {self.address[1]} {{ {self.address[0]}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  minimal-responses yes;
  notify no;
  dnssec-validation no;
  pid-file none;
  session-keyfile none;
}};
controls {{ }};
zone "{APEX}" {{ type primary; file "{self.zone}"; check-names ignore; }};
""")

    def command(self):
        return [program("named"), "-c", self.folder / "named.conf", "-f", "-n", "1"]


ALL = {s.key: s for s in (Floor, Dnsd, GdnsdWeighted, GdnsdMultifo, GdnsdGeoip, KnotGeoip,
                          GdnsdStatic, NsdStatic, KnotStatic, BindStatic)}


def versions():
    """Of the packages measured, as {package: version}."""
    names = sorted({s.package for s in ALL.values() if s.package})
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names],
                            capture_output=True, text=True, check=False).stdout
    return dict(re.findall(r"^(\S+) (\S+)$", listed, re.M))

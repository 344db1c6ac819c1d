"""The peers, from their Debian packages, and the list of all servers."""
import re
import subprocess

import dnswire

from benchmarks.server import Dnsd, Floor, Server, program
from benchmarks.zones import APEX, MEMBERS


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
    module = zone_module = server_option = ""

    def prepare(self):
        self.zone = self.sites.write(self.folder / "zone")
        (self.folder / "knot.conf").write_text(f"""server:
  rundir: "{self.folder}"
  listen: {self.address[0]}@{self.address[1]}
  udp-workers: 1
  tcp-workers: 1
  udp-max-payload: 1232
{self.server_option}log:
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

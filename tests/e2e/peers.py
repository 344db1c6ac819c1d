"""NSD, Knot and BIND on loopback ports of their own, as judges of what dnsd answers; and dnsd
likewise."""
import pathlib
import shutil

import dnswire
import harness
from harness import Process, free_port, wait_until


def program(name):
    """Debian keeps servers in /usr/sbin, which is not on everybody's path."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise FileNotFoundError(f"{name} is not installed: tools/install-packages test")
    return path


class _Peer:
    """A name server that serves `zones` (apex to file) until close()."""
    refused_zones = ()  # of tests/data/zones, by apex

    def __init__(self, folder, zones):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address = ("127.0.0.1", free_port())
        self.process = Process(type(self).__name__, self.command(zones), cwd=self.folder)
        for apex in zones:
            wait_until(lambda: self._answers(apex), 15, f"{self.name} serves {apex}", self.process)

    def _answers(self, apex):
        octets = dnswire.ask_udp(self.address, dnswire.query(apex, "SOA"), timeout=0.2)
        return octets is not None and dnswire.Message(octets).answer

    def close(self):
        self.process.stop()


class Nsd(_Peer):
    name = "NSD"

    def command(self, zones):
        config = self.folder / "nsd.conf"
        config.write_text(
            f"""server:
  ip-address: {self.address[0]}@{self.address[1]}
  server-count: 1
  username: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: ""
  zonelistfile: "{self.folder}/zone.list"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  ipv4-edns-size: 1232
  round-robin: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  minimal-responses: no
  tcp-count: 100
  tcp-timeout: 60
remote-control:
  control-enable: no
""" + "".join(f'zone:\n  name: "{apex}"\n  zonefile: "{file}"\n' for apex, file in zones.items()))
        return [program("nsd"), "-d", "-c", str(config)]


class Knot(_Peer):
    name = "Knot"

    def command(self, zones):
        config = self.folder / "knot.conf"
        config.write_text(
            f"""server:
  rundir: "{self.folder}"
  listen: {self.address[0]}@{self.address[1]}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  udp-max-payload: 1232
  tcp-idle-timeout: 60
  tcp-io-timeout: 0
log:
  - target: stderr
    any: info
database:
  storage: "{self.folder}"
template:
  - id: default
    storage: "{self.folder}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
""" + "".join(f'  - domain: "{apex}"\n    file: "{file}"\n' for apex, file in zones.items()))
        return [program("knotd"), "-c", str(config)]


class Bind(_Peer):
    """No root hints, no recursion, no control channel: it sends nothing but answers. Its port is on
    127.0.0.1 alone."""
    name = "BIND"
    refused_zones = ("wildcut.example",)  # wildcards that own NS or DNAME

    def command(self, zones):
        config = self.folder / "named.conf"
        config.write_text(
            f"""options {{
  directory "{self.folder}";
  listen-on port {self.address[1]} {{ {self.address[0]}; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile none;
  recursion no;
  empty-zones-enable no;
  dnssec-validation no;
  notify no;
  allow-transfer {{ none; }};
  allow-query {{ any; }};
  answer-cookie no;
  minimal-responses no;
  zero-no-soa-ttl no;
  minimal-any yes;
  max-udp-size 1232;
  edns-udp-size 1232;
  check-names primary ignore;
  check-integrity no;
  check-mx ignore;
  check-mx-cname ignore;
  check-srv-cname ignore;
  check-sibling no;
  check-spf ignore;
  check-dup-records ignore;
  check-wildcard no;
  max-records-per-type 0;
  max-types-per-name 0;
}};
controls {{ }};
""" + "".join(f'zone "{apex}" {{ type primary; file "{file}"; }};\n' for apex, file in zones.items()))
        return [program("named"), "-g", "-n", "1", "-c", str(config)]


class Dnsd(_Peer):
    name = "dnsd"

    def command(self, zones):
        return [harness.BUILD / "dnsd", "--listen", "%s:%d" % self.address,
                *(word for apex, file in zones.items() for word in ("--zone", f"{apex}={file}"))]

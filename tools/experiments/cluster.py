"""A whole site in namespaces: nodes with their reporters, dnsd, resolvers, and the clients.

    client ── resolvers (where there are any) ── dnsd ═ heartbeats ═ reporters
       └───────────────── HTTP ───────────────────────────────────── nodes (nginx)

Each measurement begins with everything freshly started, so that no policy profits from what dnsd
learnt under another. Reporters stand outside their node's CPU quota, and inside its link."""
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

from experiments import network, node, policies, workspace

CLIENT = "10.77.0.2"
DNSD = ["10.77.0.53", "10.77.0.54", "10.77.0.55", "10.77.0.56"]
RESOLVERS = [f"10.77.0.{n}" for n in range(101, 117)]
NODES = ["10.77.0.11", "10.77.0.12", "10.77.0.13", "10.77.0.14"]
LEAD = 5.0  # seconds of sessions before those that count: dnsd has heard, queues have formed
HEARTBEAT = "1s"

ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS ns1
ns1 3600 A 10.77.0.53
"""


@dataclasses.dataclass(frozen=True)
class Control:
    """What stands between the clients and the nodes."""
    dnsds: int = 1
    resolvers: int = 0    # caching resolvers; 0: clients ask dnsd
    cache: int = 0        # seconds that they keep an answer in spite of its TTL of 0


@dataclasses.dataclass
class Load:
    """What the clients do."""
    seconds: float
    paths: list
    rate: float = 0       # sessions a second,
    lead_rate: float = 0  # before those that count; 0: the same; or
    clients: int = 0      # clients that each have one session at a time
    arrivals: str = "poisson"
    requests: tuple = (1, 1)
    timeout: float = 10.0
    seed: int = 1


class Cluster:
    NODE = node.Node
    OWNER = "www"  # of the pool, below the apex

    def __init__(self, space, lane, shapes, control=Control()):
        self.space, self.control = space, control
        self.name = f"{space.name}-{lane}"
        self.folder = space.folder / self.name
        self.folder.mkdir()
        content = space.folder / "content"
        if not content.exists():
            node.write_content(content)
            hungry = pathlib.Path(__file__).with_name("hungry.py")
            (space.folder / "hungry.py").write_text(hungry.read_text())
        self.net = network.Network(self.name)
        self.client, _ = self.net.host("client", CLIENT)
        self.dns, _ = self.net.host("dns", *DNSD[:control.dnsds], *RESOLVERS[:control.resolvers])
        self.nodes = [self.NODE(space, self.net, f"n{i + 1}", NODES[i], shape, content)
                      for i, shape in enumerate(shapes)]
        self.processes = []

    def close(self):
        self._stop_control()
        for each in self.nodes:
            each.close()
        self.net.close()
        shutil.rmtree(self.folder)

    # dnsd, reporters, resolvers.
    def _start_control(self, policy):
        zone = self.folder / "lb.example.zone"
        zone.write_text(ZONE + "".join(f"{self.OWNER} 0 A {n.address}\n" for n in self.nodes))
        for i in range(self.control.dnsds):
            self._start_dnsd(i, zone, policy)
        for each in self.nodes:
            self._start_reporter(each)
        for address in RESOLVERS[:self.control.resolvers]:
            self._start_resolver(address)
        for i in range(self.control.dnsds):
            workspace.wait_until(lambda i=i: self._all_alive(i), 15, "dnsd hears of all nodes",
                                 self.folder / f"dnsd{i}.log")

    def _start_dnsd(self, i, zone, policy):
        address = DNSD[i]
        config, ready = self.folder / f"dnsd{i}.yaml", self.folder / f"dnsd{i}.ready"
        config.write_text(
            f"listen: ['{address}:53']\nworkers: 1\n"
            f"zones: [{{apex: lb.example, file: {zone}}}]\n"
            f"heartbeat: {{listen: '{address}:7053', insecure: true}}\n"
            f"http: {{listen: '127.0.0.1:{8053 + i}'}}\n" + self._dnsd_options(policy))
        self._run(self.dns, [self.space.build / "dnsd", "-c", config, "--ready-file", ready],
                  f"dnsd{i}", ready)

    @staticmethod
    def _dnsd_options(policy):
        return f"sites: [{policies.site_options(policy)}]\n"

    @staticmethod
    def _reporter_options(each):
        return f"access_logs: [{{path: {each.folder}/access.log, site: www.lb.example}}]\n"

    def _start_reporter(self, each):
        config, ready = each.folder / "reporter.yaml", each.folder / "reporter.ready"
        heartbeats = ", ".join(f"'{a}:7053'" for a in DNSD[:self.control.dnsds])
        config.write_text(
            f"node: {each.name}\naddresses: [{each.address}]\ndnsd: [{heartbeats}]\n"
            f"insecure: true\ninterval: {HEARTBEAT}\ncgroup: none\n"
            f"load_source: 'file:{each.load_file}'\nload_source_max_age: 5s\n"
            f"health: {{check: 'http://127.0.0.1:8080/health', timeout: 3s}}\n"
            f"statistics: {{kind: nginx, url: 'http://127.0.0.1:8080/status', timeout: 3s}}\n"
            + self._reporter_options(each))
        process = self._run(each.namespace,
                            [self.space.build / "reporter", "-c", config, "--ready-file", ready],
                            f"reporter-{each.name}", ready)
        each.reporter = process

    def _start_resolver(self, address):
        config = self.folder / f"unbound-{address}.conf"
        cache = self.control.cache
        config.write_text(
            f"server:\n interface: {address}\n outgoing-interface: {address}\n"
            " do-daemonize: no\n username: \"\"\n chroot: \"\"\n pidfile: \"\"\n"
            f" directory: {self.folder}\n use-syslog: no\n access-control: 0.0.0.0/0 allow\n"
            f" cache-min-ttl: {cache}\n cache-max-ttl: {max(cache, 1)}\n num-threads: 1\n"
            " module-config: iterator\n do-not-query-localhost: no\n"
            "stub-zone:\n name: lb.example\n"
            + "".join(f" stub-addr: {a}\n" for a in DNSD[:self.control.dnsds])
            + "remote-control:\n control-enable: no\n")
        self._run(self.dns, ["unbound", "-d", "-c", config], f"unbound-{address}")

    def _run(self, namespace, command, name, ready=None):
        log = self.folder / f"{name}.log"
        if ready:
            ready.unlink(missing_ok=True)
        process = self.space.start(namespace, command, log)
        self.processes.append(process)
        if ready:
            workspace.wait_until(ready.exists, 15, f"{name} is ready", log, process)
        return process

    def status(self, i=0, page="status"):
        """/status.json of a dnsd, or another page."""
        def get():
            with urllib.request.urlopen(f"http://127.0.0.1:{8053 + i}/{page}.json", timeout=3) as r:
                return json.load(r)
        return network.within(self.dns, get)

    def _all_alive(self, i):
        states = [n["state"] for n in self.status(i)["nodes"]]
        return len(states) == len(self.nodes) and all(s in ("alive", "warming") for s in states)

    def _stop_control(self):
        for process in reversed(self.processes):
            workspace.stop(process)
        self.processes = []

    # One measurement.
    def measure(self, policy, load, events=(), lead=LEAD):
        """Runs the load under a policy. `events`: (seconds into it, node's index, what, argument).
        Gives the generator's findings, times counted from the end of the lead: sessions that
        began before it have negative ones."""
        for each in self.nodes:
            each.stop()
            each.start()
        meter = node.Meter(self.nodes)
        try:
            if policy != policies.IDEAL:
                self._start_control(policy)
            begin, found = self._generate(policy, load, events, lead)
        finally:
            meter.stop()
            self._stop_control()
        end = begin + lead + load.seconds
        return {
            "sessions": [[s[0] - lead, *s[1:]] for s in found["sessions"]],
            "late_p99": found["late_p99"],
            "memory": [[t - begin - lead, free] for t, free in meter.memory
                       if begin + lead <= t <= end],
            "utilization": [self._mean([u for t, u in meter.utilization[n.name]
                                        if begin + lead <= t <= end]) for n in self.nodes],
        }

    @staticmethod
    def _mean(values):
        return sum(values) / len(values) if values else 0.0

    def cost_of_session(self, load, count=60):
        """What a session takes of what limits the nodes: CPU seconds, or bits sent. Measured on the
        largest node, a few at a time."""
        largest = max(self.nodes, key=lambda n: self.capacity(n.shape))
        largest.stop()
        largest.start()
        try:
            before = self._taken(largest)
            done, begin = 0, time.monotonic()
            while done < count and time.monotonic() - begin < 6:
                few = dataclasses.replace(load, seconds=1.0, clients=4)
                _, found = self._generate(policies.IDEAL, few, (), 0, [largest])
                failed = [s[3] for s in found["sessions"] if s[3]]
                if failed:
                    raise RuntimeError(f"a session fails on an idle node: {failed[0]}")
                done += len(found["sessions"])
            return (self._taken(largest) - before) / done
        finally:
            largest.stop()

    @staticmethod
    def _taken(each):
        if each.shape.link:
            return network.sent_octets(each.pid()) * 8
        return each.group.cpu_seconds()

    def _spec(self, policy, load, events, lead, nodes=None):
        spec = dataclasses.asdict(load) | {"seconds": load.seconds + lead, "lead": lead,
                                           "lead_rate": load.lead_rate or load.rate}
        if not load.clients:
            del spec["clients"]
        if policy == policies.IDEAL:
            spec["nodes"] = {n.address: self.capacity(n.shape) for n in nodes or self.nodes}
            spec["changes"] = [[at + lead, self.nodes[i].address,
                                spec["nodes"][self.nodes[i].address] / argument
                                if what == "slow" else 0] for at, i, what, argument in events]
        elif self.control.resolvers:
            # Some resolvers have many clients, most few: the n-th has 1/n of the first's.
            spec["servers"] = [[a, 1 / (i + 1)] for i, a in
                               enumerate(RESOLVERS[:self.control.resolvers])]
        else:
            spec["servers"] = [[a, 1] for a in DNSD[:self.control.dnsds]]
        return spec

    @staticmethod
    def capacity(shape):
        """Relative; for the ideal splitter."""
        return shape.cpu or shape.link * (1 - shape.extra) or 1

    def _generate(self, policy, load, events, lead, nodes=None):
        log = self.folder / "generator.log"
        process = self.space.start(
            self.client, [sys.executable, pathlib.Path(__file__).with_name("generator.py")], log,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        process.stdin.write(json.dumps(self._spec(policy, load, events, lead, nodes)))
        process.stdin.close()
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the generator failed: {log.read_text()[-2000:]}")
        begin = time.monotonic()
        timers = [threading.Timer(lead + at, self._befall, (self.nodes[i], what, argument))
                  for at, i, what, argument in events]
        for timer in timers:
            timer.daemon = True
            timer.start()
        text = process.stdout.read()
        for timer in timers:
            timer.cancel()
        if process.wait() != 0:
            raise RuntimeError(f"the generator failed: {log.read_text()[-2000:]}")
        return begin, json.loads(text)

    @staticmethod
    def _befall(each, what, argument):
        if what == "die":
            each.die()
        elif what == "slow":
            each.slow(argument)
        elif what == "fail":
            each.fail()

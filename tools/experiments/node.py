"""A node: nginx under limits, what may befall it, and what it knows of its load."""
import collections
import dataclasses
import json
import random
import shutil
import sys
import threading
import time

from experiments import network, workspace

PAGE = "/page"  # text that is compressed for each request, so that it takes CPU time
PAGE_OCTETS = 48_000
FILES = {"/1k": 1_000, "/100k": 100_000, "/1M": 1_000_000}  # octets, served as they are


@dataclasses.dataclass(frozen=True)
class Shape:
    """What limits a node; 0: nothing does."""
    cpu: float = 0     # share of one CPU
    link: float = 0    # bit/s that it may send
    memory: int = 0    # octets
    extra: float = 0   # share of its link that is taken by something else
    application: bool = False  # with the hungry application behind nginx


NGINX = """
daemon off; user root; worker_processes 1; error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_timeout 30; tcp_nodelay on;
  server {{
    listen {address}:80 backlog=4096; root {content}; default_type text/plain;
    if (-f {folder}/fails) {{ return 500 "broken\\n"; }}
    location = {page} {{ gzip on; gzip_comp_level 9; gzip_types *; }}
    location /app/ {{ proxy_pass http://127.0.0.1:8081; }}
  }}
  server {{
    listen 127.0.0.1:8080; access_log off;
    location = /status {{ stub_status; }}
    location = /health {{ return 200 "well\\n"; }}
  }}
}}
"""


def write_content(folder):
    """The files that all nodes serve."""
    folder.mkdir()
    rng = random.Random(7)
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(2000)]
    text = " ".join(rng.choices(words, k=PAGE_OCTETS // 5))[:PAGE_OCTETS]
    (folder / PAGE[1:]).write_text(text)
    for name, octets in FILES.items():
        (folder / name[1:]).write_bytes(rng.randbytes(octets))


class Node:
    NGINX = NGINX

    def __init__(self, space, net, name, address, shape, content):
        self.space, self.name, self.address, self.shape = space, name, address, shape
        self.net, self.content = net, content
        self.namespace, self.port = net.host(name, address)
        self.group = space.group.child(self.namespace.removeprefix(space.name + "-"))
        self.folder = space.folder / self.namespace
        self.folder.mkdir()
        self.load_file = self.folder / "load.json"
        self.processes, self.lock = [], threading.Lock()
        self.reporter = None  # runs beside the group; whoever starts it says so
        if shape.link:
            network.limit(self.namespace, shape.link)
        if shape.memory:
            self.group.set_memory(shape.memory)
        self.share = shape.cpu

    def start(self):
        """Starts its web server, whole and idle."""
        self.net.plug(self.port, True)
        (self.folder / "fails").unlink(missing_ok=True)
        (self.folder / "access.log").write_text("")
        config = self.folder / "nginx.conf"
        config.write_text(self.NGINX.format(folder=self.folder, content=self.content, page=PAGE,
                                       address=self.address))
        with self.lock:
            self.processes = [self._run(["nginx", "-c", config, "-p", self.folder])]
            if self.shape.application:
                self._run([sys.executable, self.content.parent / "hungry.py"])
            if self.shape.extra:
                # A transfer to a host that takes no notice: the switch drops it.
                self._run([sys.executable, "-c", FLOOD, self.shape.link * self.shape.extra])
        workspace.wait_until(self._listens, 10, f"{self.name} serves", self.folder / "log",
                             self.processes[0])
        if self.shape.cpu:
            self.set_share(self.shape.cpu)

    def _run(self, command):
        process = self.space.start(self.namespace, command, self.folder / "log", self.group)
        self.processes.append(process)
        return process

    def _listens(self):
        wanted = [":0050"] + [":1F91"] * self.shape.application
        lines = open(f"/proc/{self.processes[0].pid}/net/tcp").read().splitlines()[1:]
        listening = [f[1] for f in map(str.split, lines) if f[3] == "0A"]
        return all(any(a.endswith(port) for a in listening) for port in wanted)

    def stop(self):
        with self.lock:
            if self.shape.cpu:
                self.group.set_cpu(1)  # a throttled process dies slowly
            self.group.kill()
            for process in self.processes:
                process.wait()
            self.processes = []

    def close(self):
        self.stop()
        self.group.remove()
        shutil.rmtree(self.folder)

    def set_share(self, share):
        self.share = share
        self.group.set_cpu(share)

    # What may befall a node while it is measured.
    def slow(self, factor):
        self.set_share(self.shape.cpu / factor)

    def die(self):
        """As when the power fails: packets to it are lost, nothing says good-bye."""
        self.net.plug(self.port, False)
        if self.reporter and self.reporter.poll() is None:
            self.reporter.kill()
        self.group.kill()

    def fail(self):
        """Answers every request at once, with status 500; its health check sees nothing."""
        (self.folder / "fails").write_text("")

    def pid(self):
        with self.lock:
            process = self.processes[0] if self.processes else None
            return process.pid if process and process.poll() is None else None


# Datagrams at an even pace to the client's discard port: share of the link in bit/s.
FLOOD = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
gap, due = 1428 * 8 / float(sys.argv[1]), time.monotonic()
while True:
    try:
        s.sendto(bytes(1386), ("10.77.0.2", 9))
    except OSError:
        pass  # nobody listens there
    due += gap
    time.sleep(max(0, due - time.monotonic()))
"""


@dataclasses.dataclass
class Reading:
    time: float
    cpu: float       # seconds
    sent: int        # octets
    runnable: float


class Meter:
    """Writes each node's load file, five times a second, as the node's own kernel would see it: the
    files of /proc tell of the machine that all nodes share. Each node is one CPU, as fast as its
    quota; where a link limits it, its load is the link's, and the transfers are what waits."""

    SECONDS = 1.0  # that a reading covers

    def __init__(self, nodes):
        self.nodes, self.history = nodes, {n.name: collections.deque() for n in nodes}
        self.memory = []  # (time, [octets free of each node])
        self.utilization = {n.name: [] for n in nodes}
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        for node in nodes:
            self._write(node)
        self.thread.start()

    def stop(self):
        self.ends.set()
        self.thread.join()

    def _run(self):
        while not self.ends.wait(0.2):
            for node in self.nodes:
                self._write(node)
            if self.nodes[0].shape.memory:
                self.memory.append((time.monotonic(), [self._free(n) for n in self.nodes]))

    @staticmethod
    def _free(node):
        return node.shape.memory - node.group.memory_used()

    def _write(self, node):
        pid = node.pid()
        if not pid:
            return
        try:
            load = self._load(node, pid)
        except OSError:
            return  # it died meanwhile
        fresh = node.load_file.with_suffix(".new")
        fresh.write_text(json.dumps(load))
        fresh.rename(node.load_file)

    def _load(self, node, pid):
        shape = node.shape
        # A server with one task for all connections keeps its queue in the sockets.
        waiting = (network.connections(pid) if shape.link else
                   node.group.runnable() + network.unread(pid))
        now = Reading(time.monotonic(), node.group.cpu_seconds(), network.sent_octets(pid), waiting)
        history = self.history[node.name]
        history.append(now)
        while len(history) > 2 and now.time - history[1].time >= self.SECONDS:
            history.popleft()
        then, seconds = history[0], now.time - history[0].time
        used = 0.0
        if seconds > 0:
            used = ((now.sent - then.sent) * 8 / shape.link if shape.link else
                    (now.cpu - then.cpu) / (node.share or 1)) / seconds
        used = min(1.0, max(0.0, used))
        self.utilization[node.name].append((now.time, used))
        load = {"cpu_utilization": used, "cpus": 1, "blocked_processes": 0, "swap_out_rate": 0,
                "run_queue": sum(r.runnable for r in history) / len(history)}
        if shape.link:
            load["network_utilization"] = used
        if shape.memory:
            free = self._free(node)
            load |= {"memory_total_bytes": shape.memory, "memory_available_bytes": max(0, free),
                     "mem_utilization": min(1, max(0, 1 - free / shape.memory))}
        else:
            load["mem_utilization"] = 0.1
        return load

"""Scenario 6: one of many sites is suddenly asked for fifty times as much.

Four nodes share 24 sites, each on two nodes. The nodes' sites_dir is a folder; a replica is copied by
rsync from the folder of the node that dnsd names, at a limited rate, as over a network."""
import dataclasses
import shutil
import statistics
import threading
import time

from experiments import lanes, pictures, results
from experiments.cluster import Cluster, Control, Load
from experiments.generator import SITE
from experiments.node import PAGE, Node, Shape

# How sites are placed. `everywhere`: all sites on all nodes, which has four times the copies.
METHODS = ["placed", "off", "everywhere"]
VARIANTS = {"flash": "Four nodes, 24 sites on two nodes each; one is asked for 50 times as much"}
SHAPES = (Shape(cpu=0.05),) * 4
SITES = [f"s{i:02}.lb.example" for i in range(24)]
CROWDED = SITES[7]
CALM = 0.25       # of what the nodes can, by all sites together
PEAK = 0.30       # of it, by the crowd alone
FACTOR = 50
BEGINS, ENDS, SECONDS = 20.0, 90.0, 170.0
FILLER = 4_000_000  # octets of a site beside its page
BANDWIDTH = 4_000   # kB/s of a copy
WINDOW = 10.0       # seconds that must be good for the crowd to count as served
TIMEOUT = 10.0

NGINX = """
daemon off; user root; worker_processes 1; error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  log_format vhost '$host $remote_addr - - [$time_local] "$request" $status $body_bytes_sent "-" "-"';
  access_log {folder}/access.log vhost;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_timeout 30; tcp_nodelay on;
  server {{
    listen {address}:80 backlog=4096; root {folder}/www/$host; default_type text/plain;
    location = {page} {{ gzip on; gzip_comp_level 9; gzip_types *; }}
  }}
  server {{
    listen 127.0.0.1:8080; access_log off;
    location = /status {{ stub_status; }}
    location = /health {{ return 200 "well\\n"; }}
  }}
}}
"""

HOOK = """#!/bin/sh
# instantiate SITE NODE... | withdraw SITE
www={www}
if [ "$1" = withdraw ]; then rm -rf "$www/$2"; exit; fi
site=$2; shift 2
for node; do
  from={cluster}-$node/www/$site
  [ -d "$from" ] || continue
  mkdir -p "$www/.incoming"
  rsync -a --whole-file --bwlimit={bandwidth} "$from/" "$www/.incoming/$site" || continue
  rm -rf "$www/$site"
  mv "$www/.incoming/$site" "$www/$site"
  exit
done
echo "no source has $site" >&2
exit 1
"""


class CrowdNode(Node):
    NGINX = NGINX


class CrowdCluster(Cluster):
    NODE = CrowdNode
    OWNER = "*"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.method = METHODS[0]
        self.template = self.folder / "site"
        self.template.mkdir()
        shutil.copy(self.space.folder / "content" / PAGE[1:], self.template)
        (self.template / "filler").write_bytes(bytes(FILLER))

    def place(self, method):
        """Lays the sites out as they are before the crowd."""
        self.method = method
        for i, each in enumerate(self.nodes):
            www = each.folder / "www"
            shutil.rmtree(www, ignore_errors=True)
            www.mkdir()
            shutil.rmtree(each.folder / "replicas", ignore_errors=True)
            if method == "everywhere":
                shutil.copytree(self.template, www / SITE)  # for what a session takes
            for number, site in enumerate(SITES):
                if method == "everywhere" or (i - number) % len(self.nodes) < 2:
                    shutil.copytree(self.template, www / site)
            hook = each.folder / "hook"
            hook.write_text(HOOK.format(www=www, bandwidth=BANDWIDTH,
                                        cluster=each.folder.parent / self.name))
            hook.chmod(0o755)
        shutil.rmtree(self.folder / "state", ignore_errors=True)

    def _dnsd_options(self, policy):
        mode = "auto" if self.method == "placed" else "off"
        return (f"state_dir: {self.folder}/state\n"
                f"placement: {{mode: {mode}, contract: eager, hold: 30s, grace: 2s}}\n")

    @staticmethod
    def _reporter_options(each):
        return (f"sites_dir: {each.folder}/www\n"
                f"access_logs: [{{path: {each.folder}/access.log, format: vhost_combined}}]\n"
                f"replicas: {{instantiate: '{each.folder}/hook', withdraw: '{each.folder}/hook', "
                f"state_dir: {each.folder}/replicas}}\n")

    def _spec(self, policy, load, events, lead, nodes=None):
        spec = super()._spec(policy, load, events, lead, nodes)
        if load.clients:
            return spec
        calm = load.rate * CALM
        usual = load.rate * PEAK / FACTOR
        rest = (calm - usual) / (len(SITES) - 1)
        spec["sites"] = [[site, usual if site == CROWDED else rest] for site in SITES]
        spec["crowd"] = {"site": CROWDED, "at": lead + BEGINS, "until": lead + ENDS,
                         "rate": load.rate * PEAK}
        return spec

    def watch(self, ends, found):
        """How many replicas the crowded site has, and what was done, second by second."""
        begin = time.monotonic()
        while not ends.wait(0.5):
            has = sum((n.folder / "www" / CROWDED).is_dir() for n in self.nodes)
            found["replicas"].append([time.monotonic() - begin, has])
            try:
                found["placement"] = self.status(page="placement")
            except OSError:
                pass  # dnsd is not there yet, or not any more

    def measure_crowd(self, method, load):
        self.place(method)
        found = {"replicas": [], "placement": {}}
        ends = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(ends, found))
        watcher.start()
        try:
            run = self.measure("least_cost", load)
        finally:
            ends.set()
            watcher.join()
        return run | found


def run(experiment):
    if not experiment.wants("flash"):
        return
    if not shutil.which("rsync"):
        raise RuntimeError("no rsync: tools/install-packages experiment")
    methods = METHODS
    load = Load(seconds=SECONDS, paths=[[PAGE, 1]], requests=(1, 3), timeout=TIMEOUT)
    number = lanes.count(SHAPES, len(methods), experiment.lanes)
    built = []
    try:
        for lane in range(number):
            built.append(CrowdCluster(experiment.space, lane, SHAPES, Control()))
        offered = {}

        def prepare(repetition):
            load.seed = 1000 + repetition
            for each in built:
                each.place("everywhere")
            cost = lanes.cost_of_session(built, dataclasses.replace(load))
            load.rate = sum(s.cpu for s in SHAPES) / cost
            offered.update(rate=load.rate, cost=cost)
            return lambda cluster, method: cluster.measure_crowd(method, load)

        rows = lanes.rounds(experiment, "flash", built, methods, prepare,
                            lambda run_: _figures(run_, load) | offered)
    finally:
        for each in built:
            each.close()
    experiment.say(f"flash: the crowd's mean {results.brief(rows, 'crowd', 1e3)} ms")
    experiment.keep("flash", {"policies": rows})
    experiment.draw("flash", VARIANTS["flash"], rows, BEGINS)
    experiment.section(VARIANTS["flash"], _how(rows), _rows(rows))


def _figures(run_, load):
    sessions = [s for s in run_["sessions"] if s[0] >= 0]
    crowd = [s for s in sessions if s[5] == CROWDED]
    others = [s for s in sessions if s[5] != CROWDED]

    def mean(some):
        return statistics.fmean(s[1] for s in some) if some else 0.0

    def between(some, begin, end):
        return [s for s in some if begin <= s[0] < end]
    calm = mean(between(others, 0, BEGINS))
    actions = run_["placement"].get("actions", {})
    failed = [s for s in between(crowd, BEGINS, ENDS) if s[3]]
    return {
        "absorbed": _absorbed(between(crowd, BEGINS, ENDS), 2 * calm),
        "calm": calm,
        "crowd": mean(between(crowd, BEGINS, ENDS)),
        "unserved": len(failed) / (load.rate * PEAK),
        "others": mean(between(others, BEGINS, ENDS)) / calm if calm else 0.0,
        "others_failed": sum(bool(s[3]) for s in between(others, BEGINS, ENDS)),
        "copies": actions.get("expand", {}).get("done", 0),
        "drops": actions.get("contract", {}).get("done", 0),
        "most": max((n for _, n in run_["replicas"]), default=0),
        "last": run_["replicas"][-1][1] if run_["replicas"] else 0,
        "late": run_["late_p99"],
        "course": pictures.course(run_ | {"sessions": crowd}),
    }


def _absorbed(crowd, limit):
    """Seconds after its beginning from when on the crowd is served in time: the mean of the next
    WINDOW seconds, and that of all that follows, is below the limit. Nothing: never."""
    def mean(begin, end):
        times = [s[1] if not s[3] else TIMEOUT for s in crowd if begin <= s[0] < end]
        return statistics.fmean(times) if times else 0.0
    begin = BEGINS
    while begin + WINDOW <= ENDS:
        if max(mean(begin, begin + WINDOW), mean(begin, ENDS)) <= limit:
            return begin - BEGINS
        begin += 1.0
    return None


def _how(rows):
    figures = next(iter(rows.values()))
    rate = results.spread([f["rate"] for f in figures], 1)
    return (f"What the nodes can is {rate} sessions of one to three requests a second. All sites "
            f"together ask for {CALM:.0%} of it; from second {BEGINS:g} to {ENDS:g} one alone asks "
            f"for {PEAK:.0%}, {FACTOR} times what it did. A copy of a site is {FILLER / 1e6:g} MB "
            f"at {BANDWIDTH / 1e3:g} MB/s. *Absorbed*: from when on the crowd's mean, over "
            f"{WINDOW:g} s and to its end, is within twice the calm mean. *Unserved*: sessions that failed, in "
            "seconds of the peak. `off`: two replicas, whatever comes; `everywhere`: four "
            "of each site from the beginning.")


def _rows(rows):
    table = [["placement", "absorbed, s", "crowd's mean, ms", "unserved, s", "others ÷ calm",
              "others failed", "copies made", "withdrawn", "most replicas", "at the end"]]
    for method, figures in rows.items():
        def column(key, digits=0, scale=1.0, figures=figures):
            return results.spread([f.get(key) for f in figures], digits, scale)
        never = sum(f["absorbed"] is None for f in figures)
        absorbed = (column("absorbed") + f", never in {never}" * bool(never)
                    if never < len(figures) else "never")
        table.append([method, absorbed, column("crowd", 0, 1e3),
                      column("unserved", 1), column("others", 2), column("others_failed"),
                      column("copies"), column("drops"), column("most"), column("last")])
    return table

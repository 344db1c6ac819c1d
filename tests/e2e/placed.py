"""Four nodes whose reporters have hooks, and a dnsd that places a site over them."""
import json

import controlled
import harness

ZONE = controlled.ZONE.split("www")[0] + "".join(
    f"*.hosting 0 A 127.0.1.{i}\n" for i in range(1, 5))
SITE = "www.hosting.lb.example"
ADDRESSES = {f"n{i}": f"127.0.1.{i}" for i in range(1, 5)}

# Copies a site from the folder of the first source that has it whole.
MAKE = """#!/bin/sh
set -e
echo "$1 $2" >> "$DNSD_SITES_DIR/../ran"
while [ -e "$DNSD_SITES_DIR/../../hold" ]; do sleep 0.05; done
for node in $DNSD_SOURCES; do
  from="$DNSD_SITES_DIR/../../$node/www/$2"
  [ -d "$from" ] || continue
  rm -rf "$DNSD_SITES_DIR/.incoming/$2"; mkdir -p "$DNSD_SITES_DIR/.incoming"
  cp -a "$from" "$DNSD_SITES_DIR/.incoming/$2"
  rm -rf "$DNSD_SITES_DIR/$2"
  mv "$DNSD_SITES_DIR/.incoming/$2" "$DNSD_SITES_DIR/$2"
  exit 0
done
echo "no source has it" >&2
exit 1
"""
DROP = """#!/bin/sh
echo "$1 $2" >> "$DNSD_SITES_DIR/../ran"
rm -rf "$DNSD_SITES_DIR/$2"
"""


class Placed(controlled.TestCase):
    """Four nodes; the site is on n1, its home, and n2."""

    def setUp(self):
        super().setUp()
        self.make = self.hook("make", MAKE)
        self.drop = self.hook("drop", DROP)
        for node in ("n1", "n2"):
            self.put(node)

    def hook(self, name, text):
        path = self.write(name, text)
        path.chmod(0o755)
        return path

    def put(self, node, text="hello"):
        self.write(f"{node}/www/{SITE}/index.html", text)

    def has(self, node):
        return (self.folder / node / "www" / SITE / "index.html").exists()

    def ran(self, node):
        path = self.folder / node / "ran"
        return path.read_text().splitlines() if path.exists() else []

    def config(self, more="", mode="auto", which="", **settings):
        """`settings` of placement, in the place of those that are usual here; `more`: further ones;
        `which`: of several dnsd."""
        settings = {"period": "1s", "grace": f"{harness.PATIENCE:g}s", "repair_after": "2s", **settings}
        placement = ", ".join(f"{key}: {value}" for key, value in settings.items())
        return (f"state_dir: {self.folder}/state{which}\n"
                f"control: {{socket: {self.folder}/control{which}.sock}}\n"
                f"heartbeat: {{warm_up: 0s}}\nplacement: {{mode: {mode}, {placement}{more}}}\n")

    def serve(self, more="", mode="auto", port=0, **settings):
        """`port`: where heartbeats are listened for; 0: anywhere."""
        self.socket = self.folder / "control.sock"
        return self.dnsd("--heartbeat-listen", f"127.0.0.1:{port}", zone=ZONE,
                         config=self.config(more, mode, **settings))

    def node(self, dnsd, name, more="", keys=""):
        """A reporter with hooks, that reports to this dnsd or to several."""
        several = dnsd if isinstance(dnsd, list) else [dnsd]
        ports = ", ".join(f"'127.0.0.1:{one.heartbeat[1]}'" for one in several)
        folder = self.folder / name
        (folder / "www").mkdir(parents=True, exist_ok=True)
        (folder / "access.log").touch()
        home = f"home: ['*'], " if name == "n1" else ""
        config = self.write(f"{name}.yaml", (
            f"node: {name}\naddresses: {ADDRESSES[name]}\ndnsd: [{ports}]\n"
            f"interval: {0.2 * harness.PATIENCE:g}s\nsites_dir: {folder}/www\nkernel_load: false\n"
            f"load_source: 'file:{folder}/load.json'\n"
            f"access_logs: [{{path: {folder}/access.log, format: vhost_combined}}]\n{more}"
            f"replicas: {{instantiate: {self.make}, withdraw: {self.drop}, {home}"
            f"state_dir: {folder}/replicas{keys}}}\n"))
        self.load(name, cpu_utilization=0.1, cpus=1)
        return self.start(harness.Process(f"reporter-{name}",
                                          [harness.BUILD / "reporter", "--config", config]))

    def load(self, node, **metrics):
        path = self.folder / node / "load.new"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(metrics))
        path.rename(self.folder / node / "load.json")

    def nodes(self, dnsd, **options):
        reporters = {name: self.node(dnsd, name, **options) for name in ADDRESSES}
        for one in dnsd if isinstance(dnsd, list) else [dnsd]:
            one.wait_states(20, **{name: "alive" for name in ADDRESSES})
        return reporters

    def placement(self):
        return json.loads(self.ctl("--json", "placement"))

    def wait_answers(self, dnsd, *nodes, seconds=20):
        wanted = {ADDRESSES[node] for node in nodes}
        harness.wait_until(
            lambda: set(dnsd.sample(SITE, 30)) == wanted, seconds * harness.PATIENCE,
            f"answers name {sorted(wanted)} and no others", dnsd)

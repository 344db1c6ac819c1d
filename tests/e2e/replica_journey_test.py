"""A replica's whole journey: dnsdctl orders it, a real reporter's ready-made hook copies it with rsync,
dnsd answers with it once it is ready, and no more before it is dropped."""
import harness
from controlled import TestCase

PATIENCE = harness.PATIENCE
ZONE = """$ORIGIN lb.example.
@       3600 SOA ns1 hostmaster 7 3600 600 86400 5
@       3600 NS  ns1
ns1     3600 A   192.0.2.53
*.host     0 A   127.0.1.1
*.host     0 A   127.0.1.2
"""
SITE = "a.host.lb.example"
HOOK = harness.SOURCE / "packaging" / "hooks" / "content-rsync"


class Journey(TestCase):
    def node(self, number, dnsd, instantiate=""):
        sites = self.folder / f"127.0.1.{number}" / "www"
        sites.mkdir(parents=True)
        copy = f"{HOOK} --from '{self.folder}/%/www'"
        config = self.write(f"n{number}.yaml", f"""
node: n{number}
addresses: 127.0.1.{number}
dnsd: '127.0.0.1:{dnsd.heartbeat[1]}'
interval: 200ms
kernel_load: false
load_source: 'exec:echo "{{\\"cpu_utilization\\": 0.1, \\"cpus\\": 2}}"'
sites_dir: {sites}
replicas:
  instantiate: "{instantiate}{copy}"
  withdraw: "{copy}"
  verify: "{copy}"
  retries: 0
  home: [{SITE if number == 1 else "none.example"}]
""")
        self.start(harness.Process(f"reporter-n{number}",
                                   [harness.BUILD / "reporter", "--config", config]))
        return sites

    def test_from_home_to_another_node_and_back(self):
        dnsd = self.controlled(zones={"lb.example": ZONE}, config=(
            f"state_dir: {self.folder}/state\nheartbeat: {{warm_up: 0s}}\n"
            "placement: {mode: plan, grace: 2s, hold: 0s, period: 1s, least: 1}\n"))
        home = self.node(1, dnsd)
        go = self.folder / "go"
        other = self.node(2, dnsd, instantiate=f"while ! test -e {go}; do sleep 0.05; done; ")
        (home / SITE).mkdir()
        (home / SITE / "index.html").write_text("content")
        dnsd.wait_states(60, n1="alive", n2="alive")
        dnsd.wait_for(SITE, ["127.0.1.1"], 60)
        self.ctl("expand", SITE, "n2")
        harness.wait_until(lambda: "running" in self.ctl("placement"), 60 * PATIENCE, "under way",
                           dnsd)
        # Half of it is in the folder: not a single answer names the node.
        (other / SITE).mkdir()
        self.assertEqual(dnsd.sample(SITE, 100), {"127.0.1.1"})
        (other / SITE).rmdir()
        go.touch()
        dnsd.wait_for(SITE, ["127.0.1.1", "127.0.1.2"], 60, count=60)
        self.assertEqual((other / SITE / "index.html").read_text(), "content")
        self.ctl("contract", SITE, "n2")
        dnsd.wait_for(SITE, ["127.0.1.1"], 60)
        harness.wait_until(lambda: not (other / SITE).exists(), 60 * PATIENCE, "dropped", dnsd)
        self.assertTrue((home / SITE / "index.html").exists())


if __name__ == "__main__":
    harness.main()

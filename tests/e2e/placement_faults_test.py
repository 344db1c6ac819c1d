"""What befalls nodes and hooks while placement works: all the while no answer names a node that has
not got the site while another has it, and no withdrawal leaves fewer replicas than the least.
"""
import json
import shutil

import harness
from placed import ADDRESSES, SITE
from placed_watch import Watched


class Machines(Watched):
    """Nodes die, and come back."""

    def start_all(self, more="", least=2):
        dnsd = self.serve(more)
        self.reporters = self.nodes(dnsd, keys=", retries: 0")
        self.wait_answers(dnsd, *self.havers())
        self.watch(dnsd, least)
        return dnsd

    def kill(self, node, dnsd):
        self.die(node, self.reporters[node], dnsd)

    def wait_half(self, dnsd, *nodes):
        """The node of these that has begun to copy."""
        return self.wait(lambda: next((n for n in nodes if self.told(n, "half")), None),
                         f"a copy is under way on one of {nodes}", dnsd)

    def test_a_node_that_dies_in_mid_copy_is_replaced_and_what_it_half_made_never_answers(self):
        dnsd = self.start_all()
        self.held().touch()
        self.kill("n2", dnsd)
        first = self.wait_half(dnsd, "n3", "n4")
        second = "n4" if first == "n3" else "n3"
        self.assertEqual(dnsd.sample(SITE, 30), {ADDRESSES["n1"]})
        self.kill(first, dnsd)
        self.wait(lambda: self.told(second, "ran"), "another node gets it", dnsd)
        self.held().unlink()
        self.wait_answers(dnsd, "n1", second)
        failed = self.actions(node=first, kind="expand")[0]
        self.assertEqual((failed["phase"], failed["detail"]), ("failed", "the node is dead or gone"))

        self.assertTrue((self.folder / f"{first}.dead" / "www" / SITE / "first.html").exists(),
                        "it comes back with half of it")
        half = self.folder / first / "www" / SITE
        self.revive(first, dnsd, keys=", retries: 0")
        self.wait(lambda: self.has(first) or not half.exists(), "it is made whole, or cleaned up",
                  dnsd)

    def test_where_the_source_dies_in_mid_copy_the_next_is_taken(self):
        dnsd = self.start_all(", least: 3")
        self.held().touch()
        node = self.wait_half(dnsd, "n3", "n4")
        source = self.told(node, "half")[0]
        self.kill(source, dnsd)
        self.held().unlink()
        self.wait(lambda: self.has(node), "the copy is whole", dnsd)
        self.assertEqual(set(self.told(node, "half")), {"n1", "n2"})
        done = self.wait(lambda: self.actions(node=node, phase="done"), "told as done", dnsd)
        self.assertEqual(len(done), 1)
        self.wait_answers(dnsd, *ADDRESSES.keys() - {source}, seconds=40)

    def test_where_the_only_source_dies_the_reason_is_told_and_it_is_made_elsewhere_later(self):
        shutil.rmtree(self.folder / "n2" / "www" / SITE)
        self.held().touch()
        dnsd = self.start_all(least=1)
        node = self.wait_half(dnsd, "n2", "n3", "n4")
        self.kill("n1", dnsd)
        self.held().unlink()
        failed = self.wait(lambda: self.actions(node=node, phase="failed"), "it has failed", dnsd)
        self.assertIn("no source has it", failed[0]["detail"])
        self.wait(lambda: not (self.folder / node / "www" / SITE).exists(), "cleaned up", dnsd)
        self.revive("n1", dnsd)
        others = ADDRESSES.keys() - {"n1", node}
        self.wait(lambda: any(self.has(n) for n in others), "made elsewhere", dnsd)
        self.assertEqual(len(self.actions(node=node)), 1, "where it failed it is not tried at once")

    def test_the_home_dies_and_its_site_lives_on(self):
        dnsd = self.start_all(", consistency: current")
        self.kill("n1", dnsd)
        self.wait_answers(dnsd, "n2")
        self.wait(lambda: len(self.havers()) == 2, "repaired from the replica", dnsd)
        made = (self.havers() - {"n2"}).pop()
        self.wait_answers(dnsd, "n2", made)
        self.assertEqual(self.text(made), "hello")

        self.write(f"n1.dead/www/{SITE}/index.html", "news")  # newer than what the others have
        self.revive("n1", dnsd)
        self.wait(lambda: {self.text(n) for n in ("n1", "n2", made)} == {"news"},
                  "the others follow", dnsd, seconds=60)
        self.wait_answers(dnsd, "n1", "n2", made)

    def test_a_home_that_dies_with_a_version_of_its_own_does_not_silence_the_others(self):
        dnsd = self.start_all(", consistency: current, updates: false")
        self.put("n1", "news")
        (self.folder / "n1/www/.poke").touch()
        self.wait_answers(dnsd, "n1", seconds=90)
        self.kill("n1", dnsd)
        self.wait_answers(dnsd, "n2")
        self.wait(lambda: len(self.havers()) == 2, "repaired from the replica", dnsd)
        self.wait_answers(dnsd, *self.havers())
        self.assertEqual({self.text(n) for n in self.havers()}, {"hello"})


class Tricks(Watched):
    """A hook does wrong at the first node that is chosen, once; it does well at the next."""

    def trick(self, action, does):
        self.write(f"trick-{action}", f"""
if mkdir "$root/tricked" 2>/dev/null; then
  basename "$node" > "$root/victim"
  {does}
fi
""")

    def victim(self, dnsd):
        path = self.folder / "victim"
        return self.wait(lambda: path.exists() and path.read_text().strip(), "a victim", dnsd)

    def start_all(self, more):
        dnsd = self.serve(more)
        self.nodes(dnsd, keys=", retries: 0, timeout: 1s")
        self.watch(dnsd)
        return dnsd

    def look_at_failure(self, victim, kind, reason, dnsd):
        """It is told, and the node left alone with it for a while."""
        failed = self.wait(lambda: self.actions(node=victim, phase="failed"), "it has failed", dnsd)
        self.assertEqual(failed[0]["kind"], kind)
        self.assertIn(reason, failed[0]["detail"])
        self.wait_rounds(dnsd)
        self.assertEqual(len(self.actions(node=victim)), 1)
        events = json.loads(dnsd.get("/events.json"))["events"]
        self.assertTrue([e for e in events if e.get("node") == victim and reason in e["text"]], events)

    def failed_instantiate(self, does, reason):
        self.trick("instantiate", does)
        dnsd = self.start_all(", least: 4")  # the victim stays wanted
        victim = self.victim(dnsd)
        other = (ADDRESSES.keys() - {"n1", "n2", victim}).pop()
        self.wait_answers(dnsd, "n1", "n2", other)
        self.look_at_failure(victim, "expand", reason, dnsd)
        self.wait_answers(dnsd, "n1", "n2", other)

    def test_an_instantiate_that_hangs_is_ended_and_the_next_node_taken(self):
        self.failed_instantiate("sleep 1000", "no end within 1s")

    def test_an_instantiate_that_lies_is_found_out_and_the_next_node_taken(self):
        self.failed_instantiate("exit 0", "the site is not in the folder")

    def failed_withdraw(self, does, reason):
        for node in ("n3", "n4"):
            self.put(node)
        self.trick("withdraw", does)
        dnsd = self.start_all(", contract: eager, hold: 10m")
        self.wait_answers(dnsd, *ADDRESSES)
        self.reconfigure(", contract: eager, hold: 0s")
        victim = self.victim(dnsd)
        others = ADDRESSES.keys() - {"n1", victim}
        gone = self.wait(lambda: [n for n in others if not self.has(n)], "the next goes", dnsd)
        self.wait_answers(dnsd, "n1", *(others - set(gone)))
        self.look_at_failure(victim, "contract", reason, dnsd)
        self.wait_answers(dnsd, "n1", *(others - set(gone)))
        self.assertTrue(self.has(victim))

    def test_a_withdraw_that_hangs_is_ended_and_the_next_node_taken(self):
        self.failed_withdraw("sleep 1000", "no end within 1s")

    def test_a_withdraw_that_lies_is_found_out_and_the_next_node_taken(self):
        self.failed_withdraw("exit 0", "the site is still in the folder")


class Quotas(Watched):
    """n2 dies where n3 or n4 are full of another site, of 900 octets."""
    OTHER = "full.hosting.lb.example"

    def fill(self, *nodes):
        for node in nodes:
            self.write(f"{node}/www/{self.OTHER}/index.html", "x" * 900)

    def start_all(self, **loads):
        # One replica of the other site is enough; the sites have ten octets.
        dnsd = self.serve(f", sites: [{{name: {self.OTHER}, least: 1}}]")
        reporters = self.nodes(dnsd, keys=", quota: 904, retries: 0")
        for node, load in loads.items():
            self.load(node, cpu_utilization=load, cpus=1)
        self.wait_answers(dnsd, "n1", "n2")
        self.watch(dnsd)
        self.die("n2", reporters["n2"], dnsd)
        return dnsd

    def test_where_a_node_is_full_another_is_chosen(self):
        self.fill("n3")
        dnsd = self.start_all(n3=0.05, n4=0.6)  # n3 would be the better one
        self.wait_answers(dnsd, "n1", "n4")
        self.assertEqual(self.ran("n3"), [])

    def test_where_all_are_full_nothing_is_begun_until_there_is_room(self):
        self.fill("n3", "n4")
        dnsd = self.start_all()
        self.wait_rounds(dnsd, 8)
        self.assertEqual(self.actions(), [])
        why = "1 of its least of 2 replicas are left; of the other nodes 2 full"
        self.assertEqual(self.placement()["short"], [{"site": SITE + ".", "why": why}])
        for command in "plan", "placement":
            self.assertIn(why, self.ctl(command))
        self.assertIn("dnsd_placement_short 1", dnsd.get("/metrics"))
        self.wait_answers(dnsd, "n1")
        shutil.rmtree(self.folder / "n4" / "www" / self.OTHER)
        self.wait_answers(dnsd, "n1", "n4")
        self.assertEqual(len(self.actions()), 1)
        self.assertEqual(self.placement()["short"], [])


if __name__ == "__main__":
    harness.main()

"""What befalls nodes and hooks while placement works: all the while no answer names a node that has
not got the site while another has it, and no withdrawal leaves fewer replicas than the least.
"""
import harness
import placed
from placed import ADDRESSES, SITE
from placed_watch import Watched


class Machines(Watched):
    """Nodes die, and come back."""

    def start_all(self, more="", **options):
        dnsd = self.serve(more, **options)
        self.reporters = self.nodes(dnsd, keys=", retries: 0")
        self.wait_answers(dnsd, *self.havers())
        self.watch(dnsd)
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

        half = self.folder / first / "www" / SITE / "first.html"
        self.revive(first, dnsd, keys=", retries: 0")
        self.assertTrue(half.exists(), "it comes back with half of it")
        dnsd.wait_states(20, **{first: "alive"})
        self.wait(lambda: self.has(first) or not half.exists(), "it is made whole, or cleaned up",
                  dnsd)

    def test_where_the_source_dies_in_mid_copy_the_next_is_taken(self):
        dnsd = self.start_all(", least: 3")
        self.held().touch()
        self.wait(lambda: self.has("n1"), "", dnsd)
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
        (self.folder / "n2" / "www" / SITE / "index.html").unlink()
        (self.folder / "n2" / "www" / SITE / "first.html").unlink()
        (self.folder / "n2" / "www" / SITE).rmdir()
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
        self.make = self.hook("make", placed.MAKE)  # content as a whole, at once
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


if __name__ == "__main__":
    harness.main()

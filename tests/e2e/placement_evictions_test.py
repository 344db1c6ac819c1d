"""Two crowded sites and a node with room for one of them, which drops by itself what it may."""
import threading
import time

import harness
from placed import SITE
from placed_watch import Watched

OTHER = "shop.hosting.lb.example"
HOLD = 10  # seconds


class Evictions(Watched):
    """Both sites, of 600 octets, are on n1, their home, and n2; n3 has room for 1,000. n4 is
    drained, and so given nothing."""

    def setUp(self):
        super().setUp()
        for node in ("n1", "n2"):
            for name in ("first.html", "index.html"):
                for site in (SITE, OTHER):
                    self.write(f"{node}/www/{site}/{name}", "x" * 300)

    def crowd(self, *sites):
        """These are asked for wherever they are, so that n1 and n2 are nearly full and n3 half."""
        stopping = threading.Event()

        def write():
            while not stopping.wait(0.1):
                for node, load in (("n1", 0.95), ("n2", 0.95), ("n3", 0.5)):
                    here = [s for s in sites if (self.folder / node / "www" / s).exists()]
                    self.load(node, cpu_utilization=load if here else 0.05, cpus=1)
                    with open(self.folder / node / "access.log", "a", encoding="ascii") as log:
                        for site in here:
                            log.write(f'{site} 192.0.2.9 - - [01/Jan/2026:00:00:00 +0000] '
                                      '"GET / HTTP/1.1" 200 100 "-" "-"\n' * 5)
        thread = threading.Thread(target=write)
        thread.start()

        def end():
            stopping.set()
            thread.join()
        self.addCleanup(end)
        return end

    def start_all(self, **settings):
        dnsd = self.serve(**settings)
        for node in ("n1", "n2"):
            self.node(dnsd, node)
        self.node(dnsd, "n3", keys=", quota: 1000, evict: true, retries: 0")
        self.node(dnsd, "n4")
        dnsd.wait_states(20, n1="alive", n2="alive", n3="alive", n4="alive")
        self.ctl("drain", "n4")
        self.wait_answers(dnsd, "n1", "n2")
        self.watch(dnsd)
        return dnsd

    def test_what_a_node_has_evicted_is_not_brought_back_within_the_hold(self):
        dnsd = self.start_all(storage="deletion_aware", hold=f"{HOLD}s")
        end = self.crowd(SITE)
        self.wait_answers(dnsd, "n1", "n2", "n3", seconds=40)
        end()
        self.crowd(SITE, OTHER)  # n3 is wanted for both
        self.wait(lambda: not self.has("n3"), "the first site makes room", dnsd, seconds=60)
        gone = time.monotonic()
        self.wait_answers(dnsd, "n1", "n2")
        self.wait(lambda: (self.folder / "n3/www" / OTHER / "index.html").exists(),
                  "the second site is made", dnsd)
        self.assertEqual(self.ran("n3"), [f"instantiate {SITE}", f"withdraw {SITE}",
                                          f"instantiate {OTHER}"])
        # Wanted all the while, and the only node is that.
        self.wait(lambda: f"instantiate {SITE}" in self.ran("n3")[3:], "it is brought back", dnsd,
                  seconds=60)
        self.assertGreaterEqual(time.monotonic() - gone, HOLD - 1)

    def test_what_fits_nowhere_is_not_begun_where_sizes_are_known(self):
        dnsd = self.start_all(hold="10m")
        end = self.crowd(SITE)
        self.wait_answers(dnsd, "n1", "n2", "n3", seconds=40)
        end()
        self.crowd(SITE, OTHER)
        self.wait_rounds(dnsd, 8)
        self.wait_answers(dnsd, "n1", "n2", "n3")
        self.assertEqual(self.ran("n3"), [f"instantiate {SITE}"])
        self.assertEqual(len(self.actions()), 1)


if __name__ == "__main__":
    harness.main()

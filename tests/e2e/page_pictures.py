#!/usr/bin/env python3
"""Takes the pictures of the page that the documentation shows: a fleet of eight nodes on loopback,
one of them dead and one drained, clients that ask for some minutes, then Chromium.

    tests/e2e/page_pictures.py [--build-dir DIR] [--minutes N] [--to DIR]

Writes page-light.png, page-dark.png, page-phone.png and page-whole.png.
"""
import argparse
import math
import pathlib
import random
import sys
import threading
import time

import browser
import dnswire
import harness

ZONE = """
$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 2026 3600 600 86400 5
@ 3600 NS ns1
ns1 3600 A 192.0.2.53
""" + "\n".join(f"{site} 0 A 192.0.2.{i}" for site, nodes in {
    "www": (1, 2, 3, 4), "shop": (3, 4, 5), "mail": (5, 6), "*.hosting": (4, 5, 6, 7, 8),
}.items() for i in nodes) + "\n"

ASKED = {"www": 50, "shop": 25, "mail": 6, "blog.hosting": 12, "wiki.hosting": 7}
NODES = {f"web{i}": f"192.0.2.{i}" for i in range(1, 9)}


class Fleet(harness.TestCase):
    """Not a test: the harness starts what is to be seen and ends it."""

    minutes = 5.0
    folder_of_pictures = harness.SOURCE / "docs"

    # Each answer brings its node some work, as it does in truth; some nodes have other work besides.
    def load(self, name, seconds, rate):
        number = int(name[3:])
        other = 0.10 + 0.05 * (number % 3) + 0.04 * math.sin(seconds / 29 + number)
        cpu = other + 0.016 * rate + random.uniform(-0.015, 0.015)
        return {"cpu_utilization": round(min(1, max(0.02, cpu)), 3),
                "mem_utilization": 0.3 + 0.04 * number, "connections": round(12 + 9 * rate)}

    def rates(self, dnsd, before, seconds):
        """Answers a second of each node since the last time."""
        rates = {}
        for node in dnsd.status()["nodes"]:
            last = before.get(node["name"], (node["answers"], 0.0))
            rate = (node["answers"] - last[0]) / seconds
            before[node["name"]] = (node["answers"], 0.6 * last[1] + 0.4 * rate)
            rates[node["name"]] = before[node["name"]][1]
        return rates

    def ask_for_a_while(self, address, seconds, stop):
        names = random.choices([f"{site}.lb.example." for site in ASKED], list(ASKED.values()),
                               k=4000)
        start = time.monotonic()
        asked = 0
        while not stop.is_set() and time.monotonic() < start + seconds:
            now = time.monotonic() - start
            rate = 90 + 40 * math.sin(now / 40) + 15 * math.sin(now / 7)
            dnswire.ask_udp(address, dnswire.query(names[asked % len(names)], "A"))
            asked += 1
            time.sleep(1 / rate)

    def test_pictures(self):
        seconds = 60 * self.minutes
        dnsd = self.dnsd("--control-socket", self.folder / "control", zone=ZONE)
        reporters = {name: self.reporter(dnsd, name, address, interval="1s",
                                         load=self.load(name, 0, 0)) for name, address in NODES.items()}
        stop = threading.Event()
        clients = threading.Thread(target=self.ask_for_a_while,
                                   args=(dnsd.address, seconds + 60, stop))
        clients.start()
        self.addCleanup(clients.join)
        self.addCleanup(stop.set)
        start = time.monotonic()
        drained = killed = False
        before = {}
        while (now := time.monotonic() - start) < seconds:
            rates = self.rates(dnsd, before, 1)
            for name, reporter in reporters.items():
                if reporter.poll() is None:
                    reporter.set_load(**self.load(name, now, rates.get(name, 0)))
            if not drained and now > seconds / 3:
                done = self.run_program("dnsdctl", "--socket", self.folder / "control", "drain",
                                        "web7", "--reason", "new kernel")
                print(done.stdout, done.stderr)
                drained = True
            if not killed and now > seconds * 0.75:
                reporters["web2"].kill()
                killed = True
            time.sleep(1)
        shots = browser.Browser()
        self.addCleanup(shots.close)
        url = "http://%s:%d/" % dnsd.http
        for name, options in {
                "page-light": {"width": 1320, "height": 1120},
                "page-dark": {"width": 1320, "height": 1120, "scheme": "dark"},
                "page-phone": {"width": 390, "height": 844, "scale": 2},
                "page-whole": {"width": 1320, "height": 1120, "whole": True}}.items():
            whole = options.pop("whole", False)
            shots.do("open", url=url, **options)
            shots.wait(lambda: len(shots.texts("#nodes-rows tr")) == len(NODES), "all nodes")
            shots.do("fill", selector="#explain-name", text="www.lb.example")
            shots.do("click", selector="#explain button")
            shots.wait(lambda: shots.text("#explained"), "an explanation")
            shots.eval("document.activeElement.blur()")
            shots.eval("window.scrollTo(0, 0)")
            shots.do("shoot", path=str(self.folder_of_pictures / f"{name}.png"), whole=whole)
            print(name, shots.do("faults"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, add_help=True,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--to", type=pathlib.Path, default=harness.SOURCE / "docs")
    options, rest = parser.parse_known_args()
    Fleet.minutes, Fleet.folder_of_pictures = options.minutes, options.to
    sys.argv[1:] = rest
    harness.main()

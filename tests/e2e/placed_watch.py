"""Placement under faults: hooks that work in sight and tell what they do, nodes that die as machines
do, and a watch that asks all the while.
"""
import contextlib
import os
import resource
import signal
import socket
import threading

import dnswire
import harness
from placed import ADDRESSES, SITE, Placed

# Copies file by file and in sight, as a careless hook does, and goes over to the next source when
# one fails. `half` has the sources that it has begun to copy from; what it is to do wrong is in
# trick-instantiate.
MAKE = """#!/bin/sh
node=$(dirname "$DNSD_SITES_DIR"); root=$(dirname "$node"); to="$DNSD_SITES_DIR/$2"
echo $$ > "$node/pid"
echo "$1 $2" >> "$node/ran"
[ -e "$root/trick-$1" ] && . "$root/trick-$1"
for source in $DNSD_SOURCES; do
  from="$root/$source/www/$2"
  [ -d "$from" ] && mkdir -p "$to" && cp -p "$from/first.html" "$to/" || continue
  echo "$source" >> "$node/half"
  while [ -e "$root/hold" ]; do sleep 0.05; done
  cp -p "$from/index.html" "$to/.index" && mv "$to/.index" "$to/index.html" || continue
  touch -r "$from" "$to"
  echo "$1" >> "$node/did"
  exit 0
done
echo "no source has it" >&2
exit 1
"""
# `others` has how many other nodes had the site whole when it began to drop a whole one.
DROP = """#!/bin/sh
node=$(dirname "$DNSD_SITES_DIR"); root=$(dirname "$node")
echo $$ > "$node/pid"
echo "$1 $2" >> "$node/ran"
if [ -e "$DNSD_SITES_DIR/$2/index.html" ]; then
  ls -d "$root"/n?/www/"$2"/index.html | grep -vc "^$node/" >> "$node/others"
fi
[ -e "$root/trick-$1" ] && . "$root/trick-$1"
while [ -e "$root/hold" ]; do sleep 0.05; done
rm -rf "$DNSD_SITES_DIR/$2"
echo "$1" >> "$node/did"
"""


class Watch(threading.Thread):
    """Asks for the site until it is stopped. `wrong` tells of answers that name a node that has not
    got the site while another has it, and of moments when a replica was dropped though too few were
    left."""

    def __init__(self, test, least=2):
        super().__init__()
        self.test = test
        self.least = least
        self.wrong = []
        self.asked = 0
        self.stopping = threading.Event()

    def run(self):
        query = dnswire.query(SITE, "A")
        had = self.test.havers()
        while not self.stopping.wait(0.01):
            dying = set(self.test.dying)
            before = self.test.havers()
            self.look_at_loss(had, before)
            dnsd = self.test.serving
            given = self.ask(dnsd, query) if dnsd else None
            had = self.test.havers()
            self.look_at_loss(before, had)
            if given is not None:
                self.asked += 1
                self.look_at_answer(given, before, had, dying | self.test.dying)

    @staticmethod
    def ask(dnsd, query):
        try:
            reply = dnswire.ask_udp(dnsd.address, query, timeout=1)
        except (OSError, socket.error):
            return None  # it has just been killed
        return reply and set(dnswire.Message(reply).addresses())

    def look_at_answer(self, given, before, after, dying):
        """A machine that has just died, or come back, may be named or not until dnsd can know."""
        if not before & after:
            return
        allowed = before | after | dying
        named = {node for node, address in ADDRESSES.items() if address in given}
        if not named <= allowed or not named:
            self.wrong.append(f"{sorted(named)} named, {sorted(after)} have it, "
                              f"{sorted(dying)} died just before")

    def look_at_loss(self, before, after):
        lost = before - after - self.test.down
        if lost and len(after) < self.least:
            self.wrong.append(f"{sorted(lost)} has not got it any more, {sorted(after)} alone have")

    def stop(self):
        self.stopping.set()
        self.join()


class Watched(Placed):
    """The hooks are those above, and the watch looks on from watch() to the end of the test."""

    def setUp(self):
        super().setUp()
        self.make = self.hook("make", MAKE)
        self.drop = self.hook("drop", DROP)
        self.serving = None  # the dnsd that the watch asks
        self.down = set()    # machines that are off,
        self.dying = set()   # and those that have just gone off or on: dnsd need not know yet

    def put(self, node, text="hello"):
        self.write(f"{node}/www/{SITE}/first.html", text)
        super().put(node, text)

    def text(self, node):
        path = self.folder / node / "www" / SITE / "index.html"
        return path.read_text() if path.exists() else None

    def havers(self):
        """The nodes that are up and have the site whole."""
        return {node for node in ADDRESSES if node not in self.down and self.has(node)}

    def reconfigure(self, more):
        self.write("dnsd.yaml", self.config(more))
        self.ctl("reload")

    def watch(self, dnsd, least=2):
        """From now on; `serving` is asked, which is `dnsd` at first."""
        self.serving = dnsd
        watch = Watch(self, least)
        watch.start()

        def end():
            watch.stop()
            self.assertGreater(watch.asked, 0)
            self.assertEqual(watch.wrong, [])
            for node in ADDRESSES:
                for others in self.told(node, "others"):
                    self.assertGreaterEqual(int(others), least, f"withdrawn on {node}")
        self.addCleanup(end)

    def told(self, node, what):
        """The lines that the hooks of the node have written to this file."""
        path = self.folder / node / what
        return path.read_text().split() if path.exists() else []

    @contextlib.contextmanager
    def full_disk(self, dnsd):
        """Meanwhile no file of dnsd grows beyond what placement.db's log has now."""
        log = self.folder / "state" / "placement.db-wal"
        size = max(4096, log.stat().st_size if log.exists() else 0)
        before = resource.prlimit(dnsd.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(dnsd.pid, resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            if dnsd.poll() is None:
                resource.prlimit(dnsd.pid, resource.RLIMIT_FSIZE, before)

    def held(self):
        return self.folder / "hold"

    def cut(self, node, reporter):
        """The node has lost its power, with all that runs there."""
        reporter.kill()
        for pid in self.told(node, "pid"):
            try:
                os.killpg(os.getpgid(int(pid)), signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has ended

    def die(self, node, reporter, dnsd):
        """The machine is gone with its disk, its reporter and what that had started; returns once
        dnsd knows."""
        self.dying |= {node}
        self.down |= {node}
        self.cut(node, reporter)
        (self.folder / node).rename(self.folder / f"{node}.dead")
        dnsd.wait_states(20, **{node: "dead"})
        self.dying -= {node}

    def revive(self, node, dnsd, **options):
        """The machine is back; returns once dnsd knows."""
        (self.folder / f"{node}.dead").rename(self.folder / node)
        self.dying |= {node}
        reporter = self.node(dnsd, node, **options)
        dnsd.wait_states(20, **{node: "alive"})
        self.wait_rounds(dnsd, 2)
        self.down -= {node}
        self.dying -= {node}
        return reporter

    def actions(self, **wanted):
        """All that there were and are, the newest first, whose members are these."""
        placement = self.placement()
        every = placement["in_hand"][::-1] + placement["recent"]
        return [a for a in every if all(a[k] == v for k, v in wanted.items())]

    def wait(self, holds, what, dnsd, seconds=30):
        return harness.wait_until(holds, seconds * harness.PATIENCE, what, dnsd)

    def wait_rounds(self, dnsd, count=5):
        """So many rounds of decisions later."""
        last = self.placement()["rounds"] + count
        self.wait(lambda: self.placement()["rounds"] >= last, f"{count} rounds", dnsd)

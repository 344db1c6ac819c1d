"""What each server that is measured can do; dnsd and the bare responder.

Each is made with a folder and the Sites it serves, which writes its files; start() runs it, on the
CPUs given, and answers() tells when it is there. One may be started and stopped again and again.
"""
import shutil

import dnswire
import harness

from benchmarks.zones import APEX, MEMBERS


def program(name):
    """Debian keeps servers in /usr/sbin, which is not on everybody's path."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise SystemExit(f"bench: {name} is not installed: tools/install-packages bench")
    return path


class Server:
    """key is what --servers calls it; package has its version; count is that of a response's
    records; dynamic: the answers are chosen by the server, not read from a zone."""
    key = name = package = None
    count = MEMBERS
    dynamic = False

    def __init__(self, folder, sites):
        self.folder, self.sites = folder / self.key, sites
        self.folder.mkdir(parents=True)
        self.address = ("127.0.0.1", harness.free_port())
        self.process = None
        self.prepare()

    def prepare(self):
        """Writes the files."""

    def command(self):
        raise NotImplementedError

    def start(self, cpus=None, wait=True):
        pin = ["taskset", "-c", cpus] if cpus else []
        self.process = harness.Process(self.key, [*pin, *self.command()], cwd=self.folder)
        if wait:
            harness.wait_until(self.answers, 120, f"{self.name} answers", self.process)
        return self

    def stop(self):
        if self.process:
            self.process.stop(60)
            self.process = None

    @property
    def pid(self):
        return self.process.pid

    def query(self, edns=None):
        """A query for the site that the zone file lists last."""
        return dnswire.query(self.sites.name(self.sites.last), "A", edns)

    def right(self, octets):
        """Whether a response has members of the site, as many as it should."""
        answers = dnswire.Message(octets).addresses()
        return (len(answers) == self.count
                and set(answers) <= set(self.sites.members(self.sites.last)))

    def answers(self):
        reply = dnswire.ask_udp(self.address, self.query(), timeout=0.3)
        return reply is not None and self.right(reply)

    def reply_size(self, edns):
        """Octets of the response to query()."""
        reply = dnswire.ask_udp(self.address, self.query(dnswire.opt_record() if edns else None))
        return len(reply)


class Floor(Server):
    key, name, count = "floor", "bare responder", 1
    threads = 1

    def command(self):
        return [harness.BUILD / "floor_responder", "--listen", "%s:%d" % self.address,
                "--threads", self.threads]

    def right(self, octets):
        return len(dnswire.Message(octets).answer) == self.count

    def stop(self):
        if self.process:
            self.process.kill()
            self.process = None


class Dnsd(Server):
    key, name, count, dynamic = "dnsd", "dnsd by load", 1, True
    workers = 1
    feeder = None

    def prepare(self):
        self.zone = self.sites.write(self.folder / "zone")
        self.heartbeat = ("127.0.0.1", harness.free_port())

    def command(self):
        return [harness.BUILD / "dnsd", "--workers", self.workers, "--listen",
                "%s:%d" % self.address, "--zone", f"{APEX}={self.zone}", "--heartbeat-listen",
                "%s:%d" % self.heartbeat]

    def right(self, octets):
        """Until a site's nodes have reported, it is served as plain DNS would: all its members."""
        answers = dnswire.Message(octets).addresses()
        return (0 < len(answers) <= (self.count if self.feeder else MEMBERS)
                and set(answers) <= set(self.sites.members(self.sites.last)))

    def feed(self, cpus, nodes=None, interval="1s", connections=0):
        """All nodes report from now on, by a process on `cpus`."""
        self.starve()
        self.feeder = harness.Process("feeder", [
            "taskset", "-c", cpus, harness.BUILD / "heartbeat_feeder", "--dnsd",
            "%s:%d" % self.heartbeat, "--nodes", nodes or self.sites.nodes, "--interval", interval,
            "--connections", connections])
        harness.wait_until(lambda: "ready" in self.feeder.log(), 120, "all nodes report",
                           self.feeder)
        harness.wait_until(self.answers, 10, "dnsd answers by load", self.process)
        return self

    def starve(self):
        if self.feeder:
            self.feeder.stop(60)
            self.feeder = None

    def stop(self):
        self.starve()
        super().stop()

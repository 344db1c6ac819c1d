"""What every end-to-end test needs: dnsd, reporters and dig as real processes, in a temporary
folder, ended whatever happens, with their logs shown when a test fails.

    class Wildcards(harness.TestCase):
        def test_a_name_answers(self):
            dnsd = self.dnsd(zone=ZONE)
            self.assertEqual(dnsd.ask("x.example.", "A").addresses(), ["192.0.2.1"])

    if __name__ == "__main__":
        harness.main()
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import dnswire

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = SOURCE / "build" / "release"  # --build-dir says otherwise

# Sanitizer builds run up to ten times slower.
PATIENCE = float(os.environ.get("DNSD_TEST_PATIENCE", "1"))


def wait_until(holds, seconds, what, *processes):
    """Polls `holds` until it gives a true value, which is returned; fails after `seconds`, or at
    once when one of the processes has ended."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        for process in processes:
            if process.poll() is not None:
                raise AssertionError(f"{process.name} ended with {process.poll()} before: {what}\n"
                                     f"{process.log()}")
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def free_port(address="127.0.0.1"):
    """A port that is free for UDP and TCP, for programs that cannot choose one themselves."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(100):
        with socket.socket(family, socket.SOCK_DGRAM) as udp, \
             socket.socket(family, socket.SOCK_STREAM) as tcp:
            udp.bind((address, 0))
            try:
                tcp.bind((address, udp.getsockname()[1]))
                return udp.getsockname()[1]
            except OSError:
                continue
    raise AssertionError(f"no port of {address} is free for both UDP and TCP")


class Process:
    """A program that runs in the background, its output in a log file."""

    def __init__(self, name, command, cwd=None, pass_fds=()):
        self.name = name
        self.log_file = tempfile.NamedTemporaryFile(prefix=f"{name}-", suffix=".log")
        self.popen = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                                      stdout=self.log_file, stderr=subprocess.STDOUT, cwd=cwd,
                                      pass_fds=pass_fds)
        self.pid = self.popen.pid

    def poll(self):
        return self.popen.poll()

    def signal(self, number):
        self.popen.send_signal(number)

    def log(self):
        return pathlib.Path(self.log_file.name).read_text(errors="replace")

    def stop(self, seconds=10):
        """SIGTERM, and its exit code; SIGKILL for one that does not heed it."""
        if self.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                return self.popen.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not end within {seconds} s of SIGTERM\n"
                                     f"{self.log()}") from None
        return self.poll()

    def kill(self):
        self.popen.kill()
        self.popen.wait()


class Dnsd(Process):
    """A running dnsd: where it listens is in `address` (a list of all: `addresses`), `heartbeat`
    and `http`, each a (host, port)."""

    count = 0

    def __init__(self, folder, arguments, seconds=15, launcher=(), pass_fds=()):
        Dnsd.count += 1
        self.ready = pathlib.Path(folder) / f"ready-{Dnsd.count}"
        super().__init__("dnsd", [*launcher, BUILD / "dnsd", *arguments, "--ready-file",
                                  self.ready], pass_fds=pass_fds)
        wait_until(self.ready.exists, seconds * PATIENCE, "dnsd is ready", self)
        self.ready_lines = [line.split("=", 1) for line in self.ready.read_text().splitlines()]
        self.addresses = [self._endpoint(v) for k, v in self.ready_lines if k.startswith("dns")]
        self.address = self.addresses[0]
        self.heartbeat = self._first("heartbeat")
        self.http = self._first("http")

    def _first(self, key):
        return next((self._endpoint(v) for k, v in self.ready_lines if k.startswith(key)), None)

    @staticmethod
    def _endpoint(text):
        host, port = text.rsplit(":", 1)
        return host.strip("[]"), int(port)

    def ask(self, name, qtype, edns=None, tcp=False, source=None, flags=0, address=None, qclass=1):
        """The response to one query."""
        octets = dnswire.query(name, qtype, edns, flags, qclass)
        address = address or self.address
        reply = (dnswire.ask_tcp(address, octets) if tcp
                 else dnswire.ask_udp(address, octets, source=source))
        if reply is None:
            raise AssertionError(f"no answer to {name} {qtype}\n{self.log()}")
        message = dnswire.Message(reply)
        if message.id != int.from_bytes(octets[:2], "big"):
            raise AssertionError(f"the answer to {name} {qtype} has another query's id")
        return message

    def answers(self, name, qtype="A", **options):
        """The addresses that one query is answered with."""
        return self.ask(name, qtype, **options).addresses()

    def sample(self, name, count=40, qtype="A", **options):
        """The set of addresses that `count` queries are answered with."""
        return {a for _ in range(count) for a in self.answers(name, qtype, **options)}

    def wait_for(self, name, addresses, seconds=5, count=20, **options):
        """Polls until `count` queries running are answered with these addresses alone."""
        wanted = set(addresses)
        seen = None

        def settled():
            nonlocal seen
            seen = self.sample(name, count, **options)
            return seen == wanted
        start = time.monotonic()
        try:
            wait_until(settled, seconds * PATIENCE, "", self)
        except AssertionError as error:
            raise AssertionError(f"{name}: wanted {sorted(wanted)} within {seconds} s, "
                                 f"last saw {sorted(seen)}; {error}") from None
        return time.monotonic() - start

    def status(self):
        """/status.json."""
        return json.loads(self.get("/status.json"))

    def states(self):
        """The state of each node that dnsd knows, by name."""
        return {node["name"]: node["state"] for node in self.status()["nodes"]}

    def wait_states(self, seconds=10, **wanted):
        """Polls until these nodes are known and in these states, as n1="alive"."""
        def settled():
            states = self.states()
            return all(states.get(node) == state for node, state in wanted.items())
        wait_until(settled, seconds * PATIENCE, f"{wanted}; {self.states()}", self)

    def wait_heard(self, *nodes):
        """Polls until all of these have reported in this life of dnsd."""
        def heard():
            known = {n["name"] for n in self.status()["nodes"]
                     if n["heartbeat_age_seconds"] is not None}
            return known >= set(nodes)
        wait_until(heard, 10 * PATIENCE, f"{nodes} are heard", self)

    def get(self, path):
        """The body of a page of the HTTP port."""
        import urllib.request
        host, port = self.http
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as response:
            return response.read().decode()


class Reporter(Process):
    """A running reporter with a load file of its own, which set_load() writes."""

    count = 0

    def __init__(self, folder, node, arguments, load=None):
        self.node = node
        Reporter.count += 1
        ready = pathlib.Path(folder) / f"reporter-{Reporter.count}.ready"
        self.load_file = pathlib.Path(folder) / f"{node}.load.json"
        self.set_load(**(load or {"cpu_utilization": 0.1}))
        # The kernel's figures are of the machine that runs the test.
        super().__init__(f"reporter-{node}",
                         [BUILD / "reporter", "--node", node, "--no-kernel-load", "--load-source",
                          f"file:{self.load_file}", "--ready-file", ready, *arguments])
        wait_until(ready.exists, 10 * PATIENCE, f"{self.name} is ready", self)

    def set_load(self, **metrics):
        """Replaces the load file whole: a reporter never reads half of one."""
        fresh = self.load_file.with_suffix(".new")
        fresh.write_text(json.dumps(metrics))
        fresh.rename(self.load_file)


class TestCase(unittest.TestCase):
    """Ends what it started, in reverse; a server that a sanitizer or a signal ended is a failure."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dnsd-e2e-"))
        self.processes = []
        self.addCleanup(self._end)

    def _end(self):
        outcome = getattr(self._outcome, "result", None)
        failed = outcome and any(t is self for t, _ in outcome.failures + outcome.errors)
        endings = []
        for process in reversed(self.processes):
            killed = process.poll() == -signal.SIGKILL
            try:
                code = process.stop()
            except AssertionError as error:
                endings.append(str(error))
                continue
            if code not in (0, None) and not killed and not getattr(process, "may_fail", False):
                endings.append(f"{process.name} ended with {code}\n{process.log()}")
        if failed:
            for process in self.processes:
                print(f"--- log of {process.name}\n{process.log()[-4000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        if endings:
            self.fail("\n".join(endings))

    def write(self, name, text):
        """A file of the test's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, process):
        self.processes.append(process)
        return process

    def dnsd(self, *arguments, zone=None, zones=None, config=None, listen=("127.0.0.1:0",)):
        """Starts dnsd: with `config` (YAML text) and `zones` (apex to zone text, written to files
        that --zone names); `zone` alone is the text of lb.example.'s."""
        zones = dict(zones or {})
        if zone is not None:
            zones["lb.example"] = zone
        command = list(arguments)
        if config is not None:
            command += ["--config", self.write("dnsd.yaml", config)]
        for address in listen:
            command += ["--listen", address]
        for apex, text in zones.items():
            path = text if isinstance(text, pathlib.Path) else self.write(f"{apex}.zone", text)
            command += ["--zone", f"{apex}={path}"]
        for option in ("--heartbeat-listen", "--http-listen"):
            if option not in command:
                command += [option, "127.0.0.1:0"]
        return self.start(Dnsd(self.folder, command))

    def reporter(self, dnsd, node, *addresses, load=None, interval=f"{0.2 * PATIENCE:g}s",
                 arguments=()):
        """Starts a reporter to one dnsd or a list of them."""
        command = ["--interval", interval]
        for address in addresses:
            command += ["--address", address]
        for server in dnsd if isinstance(dnsd, (list, tuple)) else [dnsd]:
            command += ["--dnsd", "%s:%d" % server.heartbeat]
        return self.start(Reporter(self.folder, node, [*command, *arguments], load))

    def run_program(self, *command, seconds=30, input=None, env=None):
        """Runs one of ours to its end; its completed process with text output."""
        return subprocess.run([str(BUILD / command[0]), *map(str, command[1:])], text=True,
                              input=input, capture_output=True, timeout=seconds * PATIENCE,
                              check=False, env=env)


def dig(address, *arguments, source=None):
    """dig's answer to `arguments`: its whole text. Fails if dig gets none."""
    command = ["dig", f"@{address[0]}", "-p", str(address[1]), "+time=3", "+tries=1",
               *(["-b", source] if source else []), *arguments]
    done = subprocess.run(command, text=True, capture_output=True, timeout=20, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def dig_status(text):
    return re.search(r"status: (\w+)", text)[1]


def dig_flags(text):
    return set(re.search(r";; flags: ([a-z ]*);", text)[1].split())


def dig_section(text, title):
    """The records of a section ("ANSWER", …) as lists of fields."""
    match = re.search(rf";; {title} SECTION:\n((?:[^\n;].*\n)*)", text)
    return [line.split(None, 4) for line in match[1].splitlines()] if match else []


def main():
    """Runs the tests of the calling file: FILE --build-dir DIR [unittest's own arguments]."""
    global BUILD
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--build-dir", type=pathlib.Path, default=BUILD)
    options, rest = parser.parse_known_args()
    BUILD = options.build_dir.resolve()
    missing = [str(BUILD / p) for p in ("dnsd", "reporter") if not (BUILD / p).exists()]
    missing += [p for p in ("dig",) if not shutil.which(p)]
    if missing:
        sys.exit(f"missing: {', '.join(missing)}: build with tools/test, or give --build-dir")
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)

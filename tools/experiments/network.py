"""Network namespaces on a bridge, one host each.

    NAME-switch: br0 ──┬── h1 ······ eth0 in NAME-client     10.77.0.2/24
                       ├── h2 ······ eth0 in NAME-dns        10.77.0.53/24, .54, …
                       └── h3 ······ eth0 in NAME-n1         10.77.0.11/24, tbf on its way out
"""
import ctypes
import os
import pathlib
import subprocess
import threading

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def ip(*arguments, lines=None):
    """One ip command, or many `lines` in one process."""
    command = ["ip", *map(str, arguments)] + (["-batch", "-"] if lines else [])
    done = subprocess.run(command, input="\n".join(lines) if lines else None, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def namespaces(prefix):
    folder = pathlib.Path("/run/netns")
    return sorted(p.name for p in folder.glob(prefix + "*")) if folder.is_dir() else []


def within(namespace, call):
    """call()'s result, with this thread's sockets made in the namespace."""
    outcome = {}

    def run():
        try:
            with open(f"/run/netns/{namespace}") as file:
                if _libc.setns(file.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
            outcome["value"] = call()
        except BaseException as error:  # given to the caller below
            outcome["error"] = error
    # A thread of its own: it ends in that namespace, and nobody else sees it.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


class Network:
    """A bridge and its hosts. `name` begins the names of all its namespaces."""

    def __init__(self, name):
        self.name, self.hosts = name, 0
        self.switch = self._namespace("switch")
        ip("-n", self.switch, lines=["link add br0 type bridge", "link set br0 up"])

    def _namespace(self, role):
        namespace = f"{self.name}-{role}"
        ip("netns", "add", namespace)
        return namespace

    def host(self, role, *addresses):
        """A host on the bridge: its namespace, and the port of the switch that it is at."""
        namespace = self._namespace(role)
        self.hosts += 1
        port = f"h{self.hosts}"
        ip("-n", self.switch, lines=[
            f"link add {port} type veth peer name eth0 netns {namespace}",
            f"link set {port} master br0", f"link set {port} up"])
        ip("-n", namespace, lines=["link set lo up", "link set eth0 up",
                                   *(f"addr add {a}/24 dev eth0" for a in addresses)])
        return namespace, port

    def plug(self, port, is_in):
        """Puts a host's cable in, or pulls it."""
        ip("-n", self.switch, "link", "set", port, "up" if is_in else "down")

    def close(self):
        for namespace in namespaces(self.name + "-"):
            ip("netns", "del", namespace)


def limit(namespace, bits_per_second, device="eth0"):
    """Lets a host send no faster."""
    subprocess.run(["tc", "-n", namespace, "qdisc", "replace", "dev", device, "root", "tbf", "rate",
                    f"{round(bits_per_second)}bit", "burst", "8k", "limit", "256k"], check=True,
                   capture_output=True)


def sent_octets(pid):
    """What eth0 of a process's namespace has sent since it was made."""
    for line in pathlib.Path(f"/proc/{pid}/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "eth0":
            return int(counters.split()[8])
    return 0


def connections(pid, port=80):
    """Established TCP connections to a port, and those whose data are still being sent."""
    wanted, states = f"{port:04X}", {"01", "04", "08"}  # ESTABLISHED, FIN_WAIT1, CLOSE_WAIT
    lines = pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    fields = (line.split() for line in lines)
    return sum(f[1].endswith(":" + wanted) and f[3] in states for f in fields)


def unread(pid, port=80):
    """Connections to a port with a request that nobody has read yet."""
    wanted = f":{port:04X}"
    lines = pathlib.Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    fields = (line.split() for line in lines)
    return sum(f[1].endswith(wanted) and f[3] == "01" and int(f[4].split(":")[1], 16) > 0
               for f in fields)


def is_root():
    return os.geteuid() == 0

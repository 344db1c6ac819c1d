"""Control groups that limit a node, version 1 (a hierarchy a controller) or 2, whichever has the
CPU controller on this machine."""
import os
import pathlib
import signal
import time

CONTROLLERS = ("cpu", "cpuacct", "memory")
LEAST_QUOTA_US = 1000  # the kernel's
PERIOD_US = 20_000
# Times the default: a busy machine makes the nodes smaller than their quotas as little as may be.
# Among them clients, dnsd and reporters come first.
WEIGHT, WEIGHT_OF_THE_REST = 8, 16


class Unavailable(Exception):
    """Why this machine has no control groups for us."""


def _unescape(path):
    return path.replace("\\040", " ")


def _mounts():
    """(folder, kind, options) of each mounted hierarchy."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, options = line.split()[:4]
        if kind in ("cgroup", "cgroup2"):
            yield pathlib.Path(_unescape(folder)), kind, options.split(",")


def _own(controller):
    """The group that this process is in, in version 1's hierarchy of the controller."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path.lstrip("/")
    return ""


def roots():
    """The version, and the folder below which groups are made, by controller."""
    mounts = list(_mounts())
    found = {c: folder / _own(c) for c in CONTROLLERS for folder, kind, options in mounts
             if kind == "cgroup" and c in options}
    if "cpu" in found:
        missing = [c for c in CONTROLLERS if c not in found]
        if missing:
            raise Unavailable(f"no control group controller {', '.join(missing)}")
        # A container may show a part of the hierarchy, with the process's own path outside it.
        return 1, {c: p if p.is_dir() else next(m for m, k, o in mounts if k == "cgroup" and c in o)
                   for c, p in found.items()}
    for folder, kind, _ in mounts:
        if kind == "cgroup2" and "cpu" in (folder / "cgroup.controllers").read_text().split():
            return 2, {c: folder for c in CONTROLLERS}
    raise Unavailable("no control groups with a CPU controller are mounted")


class Group:
    """A group of processes, in all controllers, that Group.make() of a name creates."""

    def __init__(self, version, folders):
        self.version, self.folders = version, folders

    @classmethod
    def make(cls, name):
        version, tops = roots()
        group = cls(version, {c: top / name for c, top in tops.items()})
        group._create()
        try:
            if version == 2:
                group._write("cpu", "cgroup.subtree_control", "+cpu +memory")
            group.set_weight(WEIGHT)
        except OSError as error:
            raise Unavailable(f"control groups cannot be set: {error}") from error
        return group

    @classmethod
    def left_behind(cls, prefix):
        """Those whose name begins so, whoever made them."""
        version, tops = roots()
        for folder in tops["cpu"].glob(prefix + "*"):
            yield cls(version, {c: top / folder.name for c, top in tops.items()})

    @property
    def name(self):
        return self.folders["cpu"].name

    def child(self, name):
        group = Group(self.version, {c: p / name for c, p in self.folders.items()})
        group._create()
        return group

    def _create(self):
        for folder in set(self.folders.values()):
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise Unavailable(f"no control group can be made: {error}") from error

    def _write(self, controller, file, value):
        (self.folders[controller] / file).write_text(str(value))

    def _read(self, controller, file):
        return (self.folders[controller] / file).read_text()

    def enter(self):
        """Moves the calling process into the group."""
        for controller in self.folders:
            self._write(controller, "cgroup.procs", os.getpid())

    def set_weight(self, times):
        """How it fares beside its neighbours when the CPUs are short; 1 is usual."""
        if self.version == 2:
            self._write("cpu", "cpu.weight", 100 * times)
        else:
            self._write("cpu", "cpu.shares", 1024 * times)

    def set_cpu(self, share):
        """At most this share of one CPU, in slices as small as the kernel allows."""
        quota = max(LEAST_QUOTA_US, round(PERIOD_US * share))
        period = round(quota / share)
        if self.version == 2:
            self._write("cpu", "cpu.max", f"{quota} {period}")
            return
        # The period first would be refused when the old quota is too much of it.
        self._write("cpu", "cpu.cfs_quota_us", -1)
        self._write("cpu", "cpu.cfs_period_us", period)
        self._write("cpu", "cpu.cfs_quota_us", quota)

    def set_memory(self, octets):
        file = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
        self._write("memory", file, octets)

    def cpu_seconds(self):
        if self.version == 2:
            return int(self._stat("cpu", "cpu.stat")["usage_usec"]) / 1e6
        return int(self._read("cpuacct", "cpuacct.usage")) / 1e9

    def _stat(self, controller, file):
        return dict(line.split() for line in self._read(controller, file).splitlines())

    def memory_used(self):
        """Octets, without file pages that the kernel would drop."""
        usage, inactive = (("memory.current", "inactive_file") if self.version == 2 else
                           ("memory.usage_in_bytes", "total_inactive_file"))
        used = int(self._read("memory", usage))
        return max(0, used - int(self._stat("memory", "memory.stat").get(inactive, 0)))

    def processes(self):
        """Of the group and all below it."""
        found = set()
        for folder in set(self.folders.values()):
            for file in folder.rglob("cgroup.procs"):
                try:
                    found |= {int(pid) for pid in file.read_text().split()}
                except OSError:
                    pass
        return found

    def runnable(self):
        """Its tasks that run or wait for a CPU."""
        count = 0
        for pid in self.processes():
            for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
                try:
                    count += stat.read_text().rsplit(")", 1)[1].split()[0] == "R"
                except OSError:
                    pass
        return count

    def kill(self, seconds=10):
        """Ends every process of the group, whatever it forks meanwhile."""
        deadline = time.monotonic() + seconds
        while (pids := self.processes()) and time.monotonic() < deadline:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)

    def remove(self):
        """Kills what is in it, and removes it with all below."""
        if self.version == 1:
            for folder in self.folders["cpu"].rglob("cpu.cfs_quota_us"):
                folder.write_text("-1")  # a throttled process dies slowly
        self.kill()
        for folder in set(self.folders.values()):
            below = sorted(folder.rglob("*/"), key=lambda p: -len(p.parts)) + [folder]
            for path in below:
                if path.is_dir():
                    self._remove_folder(path)

    @staticmethod
    def _remove_folder(path, seconds=5):
        """A group stays busy for a moment after its last process."""
        deadline = time.monotonic() + seconds
        while path.exists():
            try:
                path.rmdir()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

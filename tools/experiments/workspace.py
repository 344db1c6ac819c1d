"""What an experiment leaves on the machine while it runs, and that nothing of it stays: processes,
namespaces, control groups and files, all named after the process that made them."""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from experiments import cgroups, network

PREFIX = "dnsdx-"
PR_SET_PDEATHSIG = 1


def owner_is_alive(name):
    """Whether the process lives that a name, PREFIX and its number first, is of."""
    number = name[len(PREFIX):].split("-")[0]
    return number.isdigit() and pathlib.Path(f"/proc/{number}").exists()


def sweep():
    """Removes what an experiment left that was killed before it could."""
    for group in cgroups.Group.left_behind(PREFIX):
        if not owner_is_alive(group.name):
            group.remove()
    for namespace in network.namespaces(PREFIX):
        if not owner_is_alive(namespace):
            network.ip("netns", "del", namespace)
    for folder in pathlib.Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        if not owner_is_alive(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


class Workspace:
    """A context: what was made in it is gone after it."""

    def __init__(self, build):
        self.build = build
        self.name = f"{PREFIX}{os.getpid()}"
        self.ended = False

    def __enter__(self):
        sweep()
        self.group = cgroups.Group.make(self.name)
        try:
            self.rest = self.group.child("rest")
            self.rest.set_weight(cgroups.WEIGHT_OF_THE_REST)
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix=self.name + "-"))
        except BaseException:
            self.group.remove()
            raise
        return self

    def end(self):
        """Kills all that runs, and lets nothing start any more: those who wait for it give up."""
        self.ended = True
        self.group.kill()

    def __exit__(self, *_):
        self.end()
        self.group.remove()
        for namespace in network.namespaces(self.name + "-"):
            network.ip("netns", "del", namespace)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, namespace, command, log, group=None, **options):
        """Starts a program in a namespace and a group; it ends with this process."""
        if self.ended:
            raise RuntimeError("the experiment has been ended")
        group = group or self.rest
        libc = ctypes.CDLL(None)

        def prepare():
            group.enter()
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        with open(log, "ab") as out:
            return subprocess.Popen(
                ["ip", "netns", "exec", namespace, *map(str, command)], preexec_fn=prepare,
                **{"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out, **options})


def wait_until(holds, seconds, what, log=None, process=None):
    """Polls; fails with the log's end."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        if time.monotonic() > deadline or (process and process.poll() is not None):
            tail = log.read_text(errors="replace")[-2000:] if log and log.exists() else ""
            raise RuntimeError(f"not within {seconds} s: {what}\n{tail}")
        time.sleep(0.02)
    return value


def stop(process, seconds=3):
    """SIGTERM, then SIGKILL."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""Networks that are truly apart: namespaces joined by packets that wait.

Each namespace has a TUN device with its addresses; a thread of the test reads the packets of all
of them, keeps each for the delay of its path, and writes it to the namespace of its destination.
So what is delayed is every packet, acknowledgements too, and TCP measures the path as it would
between machines. (A relay of TCP streams would not do: the kernel would measure the way to the
relay.) Delays are the least: on a busy machine packets wait longer.

    net = DelayNet(delay=lambda source, destination: 0.01)   # seconds, one way
    net.add("server", "10.8.1.1")
    net.command("server", "python3", "-m", "http.server")    # to be run in the namespace
    with net.inside("server"): ...                           # sockets made by this thread

Wants root and /dev/net/tun: see why_not().
"""
import contextlib
import ctypes
import fcntl
import heapq
import ipaddress
import itertools
import os
import select
import shutil
import struct
import subprocess
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
DEVICE = "path0"


def why_not():
    """Why such networks cannot be made here, or None."""
    if os.geteuid() != 0:
        return "not root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "no /dev/net/tun"
    if not shutil.which("ip"):
        return "no ip (package iproute2)"
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "no network namespaces"


def set_namespace(path):
    """Of the calling thread."""
    fd = os.open(path, os.O_RDONLY)
    try:
        if LIBC.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(fd)


class DelayNet:
    """`delay(source, destination)`, of two ipaddress addresses, is the seconds of that way."""

    def __init__(self, delay):
        self.delay = delay
        self.namespaces = []
        self.devices = {}  # the file descriptor of each address
        self.lost = 0  # packets to addresses of no namespace
        self.wake_read, self.wake_write = os.pipe()
        self.thread = threading.Thread(target=self._carry, daemon=True)

    def add(self, name, *addresses):
        """A namespace with these addresses, each reached from everywhere. Before start()."""
        namespace = f"dnsd-{os.getpid()}-{name}"
        self._ip("netns", "add", namespace)
        self.namespaces.append(namespace)
        with self.inside(name):
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
        for address in addresses:
            self._ip("-n", namespace, "address", "add", f"{address}/32", "dev", DEVICE)
            self.devices[ipaddress.ip_address(address)] = fd
        for device in ("lo", DEVICE):
            self._ip("-n", namespace, "link", "set", device, "up")
        self._ip("-n", namespace, "route", "add", "default", "dev", DEVICE)

    def start(self):
        self.thread.start()

    def stop(self):
        os.close(self.wake_write)
        if self.thread.ident:
            self.thread.join()
        for fd in set(self.devices.values()):
            os.close(fd)
        os.close(self.wake_read)
        for namespace in self.namespaces:
            self._ip("netns", "delete", namespace)

    def path(self, name):
        return f"/run/netns/dnsd-{os.getpid()}-{name}"

    def command(self, name, *command):
        """The command, to be run in the namespace; under the process id that it is started with."""
        return ["nsenter", f"--net={self.path(name)}", *command]

    @contextlib.contextmanager
    def inside(self, name):
        """The calling thread is in the namespace meanwhile; sockets stay where they were made."""
        set_namespace(self.path(name))
        try:
            yield
        finally:
            set_namespace(HOME)

    @staticmethod
    def _ip(*arguments):
        subprocess.run(["ip", *arguments], check=True)

    def _carry(self):
        """Until the pipe is closed. Packets of one path keep their order: its delay is constant."""
        waiting = []  # (when, a number that keeps the order, where to, what)
        numbers = itertools.count()
        sources = [self.wake_read, *set(self.devices.values())]
        while True:
            wait = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            ready = select.select(sources, [], [], wait)[0]
            if self.wake_read in ready:
                return
            for fd in ready:
                self._take(fd, waiting, numbers)
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, to, packet = heapq.heappop(waiting)
                try:
                    os.write(to, packet)
                except OSError:  # a device that is full, or being taken down: as networks lose them
                    self.lost += 1

    def _take(self, fd, waiting, numbers):
        for _ in range(64):
            try:
                packet = os.read(fd, 65536)
            except BlockingIOError:
                return
            version = packet[0] >> 4
            source, destination = ((packet[12:16], packet[16:20]) if version == 4
                                   else (packet[8:24], packet[24:40]))
            source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
            to = self.devices.get(destination)
            if to is None:  # multicast of the devices' own, mostly
                self.lost += 1
                continue
            when = time.monotonic() + self.delay(source, destination)
            heapq.heappush(waiting, (when, next(numbers), to, packet))


HOME = f"/proc/{os.getpid()}/ns/net"

#!/usr/bin/env python3
"""The clients of an experiment: each session asks the DNS for the site, then fetches from the
address it got over one connection. Open loop: sessions begin when they are due, however many are
still open, and their time counts from then. Whatever is not there whole within the time limit has
failed.

Reads a specification (JSON) from standard input, writes "ready" and, at the end, its findings
(JSON) to standard output:
  seed, seconds     when the last session begins
  rate, arrivals    sessions a second, "poisson" or "regular";
  lead, lead_rate   for so many seconds at first another rate; or
  clients           so many that each begin a session when their last one has ended
  servers           who is asked for `name`, [address, weight]; or
  nodes             no DNS: the address whose requests under way, with those of this session, are
                    fewest for its capacity: {address: capacity}, and `changes`: [at, address,
                    capacity]. The ideal splitter, which sees all.
  paths             [path, weight];  requests: [least, most] a session;  timeout: of a session
  sites             [owner name, sessions a second] instead of the one site; and `crowd`, if any:
                    {site, at, until, rate}: another rate of one of them for a while
"""
import asyncio
import json
import random
import struct
import sys
import time

RESOLVE_TRIES = (0.5, 1, 2)  # seconds
SITE = "www.lb.example"


def wire(name):
    """A name as a question has it."""
    return b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"


class Resolver(asyncio.DatagramProtocol):
    """A stub resolver over one socket."""

    def __init__(self, rng):
        self.rng, self.waiting = rng, {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, _):
        if len(data) < 12:
            return
        waiting = self.waiting.pop(int.from_bytes(data[:2], "big"), None)
        if waiting and not waiting.done():
            waiting.set_result(data)

    def error_received(self, _):
        pass  # a server that is away: the next try or the time limit tells

    async def ask(self, site):
        """The addresses of the site, in the order of the answer."""
        name = wire(site)
        for seconds in RESOLVE_TRIES:
            number = self.rng.randrange(65536)
            waiting = self.waiting[number] = asyncio.get_running_loop().create_future()
            header = struct.pack(">6H", number, 0x0100, 1, 0, 0, 0)
            self.transport.sendto(header + name + struct.pack(">2H", 1, 1))
            try:
                return addresses(await asyncio.wait_for(waiting, seconds), name)
            except asyncio.TimeoutError:
                self.waiting.pop(number, None)
        raise TimeoutError("DNS")


def addresses(answer, name):
    """Those of the A records of a response to our question, whose owner is the question's name."""
    count, at, found = int.from_bytes(answer[6:8], "big"), 12 + len(name) + 4, []
    for _ in range(count):
        at += 2 if answer[at] >= 0xC0 else answer.index(0, at) + 1 - at
        kind, _, _, size = struct.unpack_from(">2HIH", answer, at)
        at += 10
        if kind == 1:
            found.append(".".join(map(str, answer[at:at + 4])))
        at += size
    if not found:
        raise ValueError("no address")
    return found


class Dns:
    """Chooses as a client does: by what it is told."""

    def __init__(self, spec, rng):
        self.spec, self.rng = spec, rng

    async def open(self):
        loop = asyncio.get_running_loop()
        self.resolvers = [(await loop.create_datagram_endpoint(
            lambda: Resolver(self.rng), remote_addr=(address, 53)))[1]
            for address, _ in self.spec["servers"]]
        self.weights = [weight for _, weight in self.spec["servers"]]

    async def choose(self, _, site):
        return (await self.rng.choices(self.resolvers, self.weights)[0].ask(site))[0]

    def took(self, address, requests):
        pass


class Ideal:
    """Chooses the node that has least to do for what it can, knowing all of it at once."""

    def __init__(self, spec, rng):
        self.capacity, self.changes = dict(spec["nodes"]), spec.get("changes", [])
        self.requests = {a: 0 for a in self.capacity}
        self.rng = rng

    async def open(self):
        loop = asyncio.get_running_loop()
        for at, address, capacity in self.changes:
            loop.call_later(at, self.capacity.__setitem__, address, capacity)

    async def choose(self, requests, _):
        usable = [a for a, c in self.capacity.items() if c > 0]
        return min(usable, key=lambda a: ((self.requests[a] + requests) / self.capacity[a],
                                          self.rng.random()))

    def took(self, address, requests):
        self.requests[address] += requests


async def body(reader, head):
    """Reads a response's body to its end; its size."""
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if b"content-length" in fields:
        left = size = int(fields[b"content-length"])
        while left:
            data = await reader.read(min(left, 1 << 18))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
        return size
    size = 0
    while True:  # chunked (RFC 9112 §7.1)
        chunk = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        await reader.readexactly(chunk + 2)
        if not chunk:
            return size
        size += chunk


async def fetch(address, site, paths, done):
    """All paths over one connection, done() after each; the octets of the bodies."""
    reader, writer = await asyncio.open_connection(address, 80)
    try:
        octets = 0
        for path in paths:
            writer.write(b"GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\n\r\n"
                         % (path.encode(), site.encode()))
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            octets += await body(reader, head)
            done()
            if status != 200:
                raise ValueError(f"status {status}")
        return octets
    finally:
        writer.transport.abort()


class Generator:
    def __init__(self, spec):
        self.spec, self.rng = spec, random.Random(spec["seed"])
        self.chooser = (Ideal if "nodes" in spec else Dns)(spec, self.rng)
        self.sessions = []  # [due, seconds, address or None, "" or what failed, octets, site]
        self.lateness = []

    async def session(self, due, site=SITE):
        begin = time.monotonic()
        self.lateness.append(begin - self.start - due)
        record = [due, 0.0, None, "", 0, site]
        paths, weights = zip(*self.spec["paths"])
        chosen = self.rng.choices(paths, weights, k=self.rng.randint(*self.spec["requests"]))
        left = len(chosen)  # requests that the node has still to do

        def done():
            nonlocal left
            left -= 1
            self.chooser.took(record[2], -1)
        try:
            async with asyncio.timeout(self.spec["timeout"]):
                record[2] = await self.chooser.choose(left, site)
                self.chooser.took(record[2], left)
                record[4] = await fetch(record[2], site, chosen, done)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError,
                asyncio.LimitOverrunError) as error:
            record[3] = str(error) if isinstance(error, ValueError) else type(error).__name__
        if record[2]:
            self.chooser.took(record[2], -left)
        record[1] = time.monotonic() - self.start - due
        self.sessions.append(record)

    async def open_loop(self):
        regular = self.spec.get("arrivals") == "regular"
        tasks, due = set(), 0.0
        while True:
            mean = 1 / self.spec["lead_rate" if due < self.spec["lead"] else "rate"]
            due += mean if regular else self.rng.expovariate(1 / mean)
            if due >= self.spec["seconds"]:
                break
            wait = self.start + due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self.session(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    def rates(self, now):
        """{site: sessions a second}, and how long that holds."""
        rates, crowd = dict(self.spec["sites"]), self.spec.get("crowd")
        if not crowd:
            return rates, float("inf")
        if crowd["at"] <= now < crowd["until"]:
            return rates | {crowd["site"]: crowd["rate"]}, crowd["until"]
        return rates, crowd["at"] if now < crowd["at"] else float("inf")

    async def many_sites(self):
        tasks, due = set(), 0.0
        while due < self.spec["seconds"]:
            rates, until = self.rates(due)
            due += self.rng.expovariate(sum(rates.values()))
            if due >= until:  # what comes then comes at another rate
                due = until
                continue
            wait = self.start + due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            site = self.rng.choices(list(rates), list(rates.values()))[0]
            task = asyncio.create_task(self.session(due, site))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    async def closed_loop(self):
        async def client():
            while (now := time.monotonic() - self.start) < self.spec["seconds"]:
                await self.session(now)
                if self.sessions[-1][3]:
                    await asyncio.sleep(0.1)  # nobody tries again at once
        await asyncio.gather(*(client() for _ in range(self.spec["clients"])))

    async def run(self):
        await self.chooser.open()
        self.start = time.monotonic()
        print("ready", flush=True)
        if "sites" in self.spec:
            await self.many_sites()
        else:
            await (self.closed_loop() if "clients" in self.spec else self.open_loop())
        late = sorted(self.lateness)
        return {"sessions": self.sessions,
                "late_p99": late[int(0.99 * (len(late) - 1))] if late else 0}


if __name__ == "__main__":
    json.dump(asyncio.run(Generator(json.load(sys.stdin)).run()), sys.stdout)

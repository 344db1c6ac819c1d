#!/usr/bin/env python3
"""dnsd, NSD, Knot and BIND serve the same zones (tests/data/zones) and are asked the same tens of
thousands of questions over UDP and TCP; their answers must say the same.

Compared are RCODE, the header's bits, the presence and flags of EDNS, TC, and the three sections as
sets of records, names without regard to case; the order of a chain; records that stand twice. A
truncated answer is asked again over TCP and its sections are those of that answer. Where the records
are the same, the sizes are compared: dnsd's answer must not be larger than every other's. The judge:
whatever differs from anyone must be a difference that differential_rules.py lists, with its reason.

    differential_test.py --build-dir DIR [--ours dnsd|NSD|Knot|BIND] [--share PART] [--seed N] [--show N]

--share 1 asks all 110,000 questions there are rather than the 40 % that the seed chooses (0.1 does for
a quick look), and fails for a rule that nothing needs. --ours Knot compares
Knot with the other judges: it shows what the judges disagree about.
"""
import argparse
import collections
import pathlib
import random
import shutil
import sys
import tempfile
import time

import differential_rules as rules
import dnswire
import harness
import peers
from differential_questions import World, questions

ZONES = harness.SOURCE / "tests" / "data" / "zones"
# Two runs: a root zone on the server leaves no name outside.
FOLDERS = [ZONES, ZONES / "root"]
KINDS = {k.name: k for k in (peers.Dnsd, peers.Nsd, peers.Knot, peers.Bind)}


def zone_files(folder):
    """Apex to file: the name of the file says what zone it holds."""
    names = {p: p.name.removesuffix(".zone") for p in sorted(folder.glob("*.zone"))}
    return {"." if name == "root" else name: p for p, name in names.items()}


def ask_all(server, asked):
    """Each question's Message, of TCP where UDP was truncated or the question says so, with `cut_short`:
    whether it was truncated over UDP."""
    octets = [dnswire.query(q.name, q.type, q.edns, q.flags) for q in asked]
    udp = [i for i, q in enumerate(asked) if not q.tcp]
    tcp = [i for i, q in enumerate(asked) if q.tcp]
    messages = [None] * len(asked)

    def take(indexes, replies, over_tcp, cut_short):
        for i, reply in zip(indexes, replies):
            if reply is None:
                raise AssertionError(f"{server.name} does not answer {octets[i].hex()}")
            message = dnswire.Message(reply)
            if message.question and message.question[0][0] != asked[i].name:
                raise AssertionError(f"{server.name} changes the question of {octets[i].hex()}")
            message.tcp, message.cut_short = over_tcp, cut_short
            messages[i] = message

    take(udp, dnswire.ask_many_udp(server.address, [octets[i] for i in udp]), False, False)
    take(tcp, dnswire.ask_many_tcp(server.address, [octets[i] for i in tcp]), True, False)
    again = [i for i in udp if messages[i].tc]
    take(again, dnswire.ask_many_tcp(server.address, [octets[i] for i in again]), True, True)
    print(f"  {server.name}: {len(udp)} over UDP, {len(tcp)} over TCP, {len(again)} truncated and "
          "asked again over TCP")
    return messages


def ask_servers(names, world, asked):
    """Runs the servers and asks each; their messages by name."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dnsd-differential-"))
    running = []
    try:
        for name in names:
            files = {a: f for a, f in world.files.items() if a not in KINDS[name].refused_zones}
            running.append(KINDS[name](folder / name, files))
        return {server.name: ask_all(server, asked) for server in running}
    finally:
        for server in running:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


class Tally:
    """What came of all comparisons."""

    def __init__(self, show):
        self.show = show
        self.asked = 0
        self.accepted, self.failed = collections.Counter(), collections.Counter()
        self.sizes = collections.Counter()
        self.extra_octets = 0

    def compare(self, world, question, messages, ours_name):
        """Compares one question's messages, by server."""
        self.asked += 1
        ours = rules.facts(messages[ours_name], messages[ours_name].cut_short)
        raw = {n: rules.facts(m, m.cut_short) for n, m in messages.items() if n != ours_name}
        zone = world.zone_of(question.name.lower())
        raw = {n: f for n, f in raw.items()
               if zone not in map(dnswire.name_to_wire, KINDS[n].refused_zones)}
        theirs = dict(raw)
        if zone in world.signed and question.edns and question.edns[7] & 0x80:
            theirs = {n: rules.without_dnssec(f, question) for n, f in theirs.items()}
        wanted = ours["additional"] | theirs.get("Knot", ours)["additional"]
        for name in {"NSD", "BIND"} & theirs.keys():
            theirs[name] = rules.without_apex_ns(theirs[name], wanted, world)
        bad = self._compare_sizes(ours, raw)
        if any(t[f] != ours[f] for t in theirs.values() for f in rules.FIELDS):
            accepted, unexplained = rules.compare(
                lambda f: rules.Case(world, question, ours, f), theirs)
            self.accepted.update(accepted)
            bad = bad + unexplained
        self.failed.update(bad)
        if bad and self.show:
            self.show -= 1
            _print_case(question, bad, messages)

    def _compare_sizes(self, ours, raw):
        """Of answers of the same records over the same transport and with the same options: never
        larger than all."""
        like = [f["size"] for f in raw.values()
                if all(f[k] == ours[k] for k in (*rules.FIELDS, "tcp", "options"))]
        if not like:
            self.sizes["not comparable"] += 1
            return []
        self.sizes["smaller than all" if ours["size"] < min(like) else
                   "as small as the smallest" if ours["size"] == min(like) else
                   "larger than the smallest"] += 1
        self.extra_octets += max(0, ours["size"] - min(like))
        return [("size", "larger than all others")] if ours["size"] > max(like) else []

    def report(self, names):
        by_reason = collections.defaultdict(collections.Counter)
        for (peer, _, reason), count in self.accepted.items():
            by_reason[reason][peer] += count
        print("\naccepted differences, in how many fields of answers:")
        for reason, peers_of in sorted(by_reason.items()):
            print("  " + ", ".join(f"{p} {n}" for p, n in sorted(peers_of.items())) + f": {reason}")
        unused = [r.reason for r in rules.ACCEPTED
                  if not any(r.reason == reason for _, _, reason in self.accepted)]
        for reason in unused:
            print(f"  unused rule, take it out: {reason}")
        print("size against answers of the same records:",
              ", ".join(f"{count} {what}" for what, count in sorted(self.sizes.items())),
              f"(by {self.extra_octets} octets in all)")
        return unused


def _print_case(question, bad, messages):
    manner = "TCP" if question.tcp else "UDP"
    if question.edns:
        manner += f" EDNS {int.from_bytes(question.edns[3:5], 'big')} flags {question.edns[7:9].hex()}"
    print(f"\n### {dnswire.name_to_text(question.name)} "
          f"{dnswire.TYPE_NAMES.get(question.type, question.type)} {manner} "
          f"bits {question.flags:04x}: {'; '.join(f'{f} {t}' for f, t in bad)}")
    for name, message in messages.items():
        lines = str(message).splitlines()
        print("\n".join([f"[{name}] {lines[0]}", *(line[:200] for line in lines[1:24])])
              + (f"\n… {len(lines) - 24} more" if len(lines) > 24 else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=pathlib.Path, default=harness.BUILD)
    parser.add_argument("--ours", choices=KINDS, default="dnsd")
    parser.add_argument("--share", type=float, default=0.4, help="of the questions, 0 to 1")
    parser.add_argument("--show", type=int, default=20, help="failures to print in full")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    harness.BUILD = options.build_dir.resolve()
    start = time.monotonic()
    rng = random.Random(options.seed)
    names = [n for n in KINDS if options.ours == "dnsd" or n != "dnsd"]
    tally, zones = Tally(options.show), 0
    for folder in FOLDERS:
        world = World(zone_files(folder))
        zones += len(world.zones)
        asked = questions(world, rng, options.share)
        print(f"{len(world.zones)} zones of {folder.relative_to(harness.SOURCE)}, {len(asked)} "
              f"questions to {', '.join(names)}")
        results = ask_servers(names, world, asked)
        for i, question in enumerate(asked):
            tally.compare(world, question, {n: m[i] for n, m in results.items()}, options.ours)
    unused = tally.report(names)
    print(f"{zones} zones, {tally.asked} questions, {sum(tally.failed.values())} unexplained "
          f"differences {dict(tally.failed)}, {time.monotonic() - start:.1f} s")
    return 1 if tally.failed or (unused and options.ours == "dnsd" and options.share == 1) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""dnsd, NSD and Knot serve the same static zones (tests/data/zones) and are asked the same tens of
thousands of questions; their answers must say the same.

Compared are RCODE, AA and the three sections as sets of records, names without regard to case,
OPT left out. A truncated answer is asked again over TCP and that answer compared. The judge:

- what differs from both NSD and Knot is a failure, always;
- what differs from one of them must be a difference that ACCEPTED lists, with its reason.

    differential_test.py --build-dir DIR [--ours dnsd|Knot|NSD] [--show N]

--ours Knot compares Knot with NSD: it shows what the judges themselves disagree about.
"""
import argparse
import collections
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import dnswire
import harness
import peers

ZONES = harness.SOURCE / "tests" / "data" / "zones"
TYPES = ["A", "AAAA", "NS", "SOA", "CNAME", "DNAME", "MX", "TXT", "SRV", "DS", "PTR", "HINFO", "SVCB",
         "NSEC", "DNSKEY", "TYPE65534"]
FIELDS = ["rcode", "aa", "answer", "authority", "additional"]
A, NS, CNAME, AAAA = 1, 2, 5, 28


def type_number(text):
    return int(text[4:]) if text.startswith("TYPE") else dnswire.TYPES[text]


# --- the zones and the questions

class ZoneData:
    """What named-compilezone makes of a zone file: owner names with their types, and the names
    that stand in rdata."""

    def __init__(self, apex, file):
        self.apex = dnswire.name_to_wire(apex)
        self.types = collections.defaultdict(set)
        self.targets = set()
        self.cuts = set()
        text = subprocess.run([peers.program("named-compilezone"), "-q", "-i", "none", "-k",
                               "ignore", "-o", "-", apex, str(file)],
                              capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            owner, _, _, rrtype, rdata = line.split(None, 4)
            name = dnswire.name_to_wire(owner).lower()
            self.types[name].add(rrtype)
            self.targets |= {dnswire.name_to_wire(word).lower() for word in rdata.split()
                             if word.endswith(".") and len(word) > 1 and '"' not in word}
            if rrtype == "NS" and name != self.apex:
                self.cuts.add(name)


def mutations(name):
    """Names about a name: above, below, beside, and what a wildcard would match."""
    labels = dnswire.labels_of(name)
    out = [labels]
    out += [labels[i:] for i in range(1, len(labels))]
    for below in ([b"x"], [b"*"], [b"zz", b"y"], [b"a", b"b", b"c"], [b"\0"]):
        out.append(below + labels)
    if labels:
        out += [[b"0"] + labels[1:], [b"zzzz"] + labels[1:], [b"*"] + labels[1:],
                [labels[0] + b"x"] + labels[1:], [labels[0][:-1] or b"q"] + labels[1:]]
    wires = (dnswire.name_from_labels(l) for l in out if all(len(x) <= 63 for x in l))
    return {w for w in wires if len(w) <= 255}


def mixed_case(name, rng):
    return bytes(o ^ 0x20 if chr(o).isalpha() and o < 128 and rng.random() < 0.5 else o
                 for o in name)


def questions(zones, rng):
    """All (name in wire form, type number), each once, in an order that the seed settles."""
    apexes = {z.apex for z in zones}
    asked = set()
    for zone in zones:
        for name, own_types in zone.types.items():
            wanted = {type_number(t) for t in own_types | set(TYPES)}
            asked |= {(name, t) for t in wanted}
            few = {1, 2, 15, 16, 43, 5, 6} if len(zone.types) < 80 else {1, 2, 43}
            for other in mutations(name):
                asked |= {(other, t) for t in few}
        for name in zone.targets:
            asked |= {(name, t) for t in (1, 28, 2, 16)}
    for apex in apexes:
        asked |= {(other, type_number(t)) for other in mutations(apex) for t in TYPES}
    ordered = sorted(asked)
    rng.shuffle(ordered)
    # Labels as bytes differ in case only by design: the case of a question must not matter.
    return [(mixed_case(name, rng), t) for name, t in ordered]


# --- one server's view of all questions

def facts(message):
    """What is compared of a response."""
    def canonical(records):
        return frozenset((r.name.lower(), r.type, r.cls, r.ttl, r.rdata) for r in records)
    return {"rcode": message.rcode, "aa": message.aa, "tcp": message.tcp,
            "size": message.size, "answer": canonical(message.answer),
            "authority": canonical(message.authority),
            "additional": canonical(message.additional)}


def ask_all(server, queries):
    """Each query's Message, of TCP where UDP was truncated, and how many were."""
    messages, truncated = [], 0
    for octets, reply in zip(queries, dnswire.ask_many_udp(server.address, queries)):
        if reply is None:
            raise AssertionError(f"{server.name} does not answer {octets.hex()}")
        message = dnswire.Message(reply)
        message.tcp = False
        if message.question and message.question[0][0] != dnswire.read_name(octets, 12)[0]:
            raise AssertionError(f"{server.name} changes the question of {octets.hex()}")
        if message.tc:
            truncated += 1
            message = dnswire.Message(dnswire.ask_tcp(server.address, octets))
            message.tcp = True
            if message.tc:
                raise AssertionError(f"{server.name} truncates over TCP: {octets.hex()}")
        messages.append(message)
    return messages, truncated


def without_apex_ns(facts_of_one, answered, world):
    """A positive answer of NSD's less the apex NS RRset that NSD adds to it, and the addresses that
    come with that alone. It is optional, costs octets, and Knot leaves it out."""
    apex_ns = {r for r in facts_of_one["authority"] if r[1] == NS and r[0] in world.apexes}
    if not facts_of_one["answer"] or apex_ns != facts_of_one["authority"]:
        return facts_of_one
    targets = {r[4] for r in apex_ns}
    own = {r for r in facts_of_one["additional"] if r[0] not in targets or r in answered}
    return {**facts_of_one, "authority": frozenset(), "additional": frozenset(own)}


# --- accepted differences

class Case:
    """One question, what two servers made of it, and the zones."""

    def __init__(self, world, name, qtype, edns, ours, theirs):
        self.world, self.name, self.qtype = world, name.lower(), qtype
        self.limit = min(int.from_bytes(edns[3:5], "big"), 1232) if edns else 512  # octets, of UDP
        self.ours, self.theirs = ours, theirs

    def extra(self, field):
        return self.theirs[field] - self.ours[field]

    def lacking(self, field):
        return self.ours[field] - self.theirs[field]


ACCEPTED = []  # (peer, field, reason, function of a Case)


def accept(peer, field, reason):
    return lambda applies: ACCEPTED.append((peer, field, reason, applies))


def explained(case, peer, field):
    """The reason why the peer's difference in the field is accepted, or None."""
    for of, what, reason, applies in ACCEPTED:
        if of == peer and what == field and applies(case):
            return reason
    return None


class World:
    """What the rules ask of the zones."""

    def __init__(self, zones):
        self.apexes = {z.apex for z in zones}

        self.cuts = set().union(*(z.cuts for z in zones))

    def is_below_cut(self, name):
        labels = dnswire.labels_of(name)
        return any(dnswire.name_from_labels(labels[i:]) in self.cuts for i in range(len(labels)))

    def zone_of(self, name):
        """The apex of the closest zone that has the name, or None."""
        labels = dnswire.labels_of(name)
        ancestors = (dnswire.name_from_labels(labels[i:]) for i in range(len(labels) + 1))
        return next((a for a in ancestors if a in self.apexes), None)


def is_referral(facts_of_one):
    return not facts_of_one["aa"] and not facts_of_one["answer"] and facts_of_one["rcode"] == 0


@accept("NSD", "additional", "NSD leaves out what glue does not fit, without TC; RFC 9471 §3 wants "
        "all in-domain glue or TC")
def _(case):
    return (is_referral(case.ours) and not case.extra("additional")
            and not case.theirs["tcp"])


@accept("NSD", "additional", "NSD adds no address that lies below a zone cut but as glue; dnsd and Knot "
        "add what the zone has: additional data need not be authoritative (RFC 1034 §4.3.2 step 6)")
def _(case):
    return (case.ours["answer"] and not case.extra("additional")
            and all(case.world.is_below_cut(r[0]) for r in case.lacking("additional")))


@accept("NSD", "additional", "NSD adds the addresses of the names in MB, RT and KX (RFC 1035 §3.3.3, "
        "RFC 1183 §3.3, RFC 2230 §3.3); dnsd and Knot do not: it is optional, the types hardly used")
def _(case):
    return case.qtype in {dnswire.TYPES[t] for t in ("MB", "RT", "KX")} and not case.lacking("additional")


@accept("NSD", "additional", "NSD adds no addresses of SVCB and HTTPS targets; dnsd and Knot do (RFC 9460 "
        "§4.1: SHOULD)")
def _(case):
    return (case.qtype in {dnswire.TYPES[t] for t in ("SVCB", "HTTPS")}
            and not case.extra("additional"))


@accept("NSD", "additional", "what still fits is optional: NSD takes all A before all AAAA, and has put the "
        "apex NS RRset where more could stand")
def _(case):
    return (case.ours["answer"] and not case.theirs["tcp"]
            and case.theirs["size"] > case.limit - 100)


def stops_between_zones(case):
    """True if the peer's answer ends with a CNAME into another zone that the server has as well."""
    aliases = {r[0]: r[4] for r in case.theirs["answer"] if r[1] == CNAME}
    at, zone = case.name, case.world.zone_of(case.name)
    for _ in range(len(aliases)):
        if at not in aliases:
            break
        at, zone = aliases[at], case.world.zone_of(at)
    return at != case.name and case.world.zone_of(at) not in (zone, None)


def accept_but_aa(peer, reason):
    def register(applies):
        for field in set(FIELDS) - {"aa"}:
            accept(peer, field, reason)(applies)
    return register


@accept_but_aa("Knot", "Knot ends a CNAME chain where it leaves the zone; RFC 1034 §4.3.2 step 3a "
                   "goes back to step 1, the search for the zone, as NSD and dnsd do")
def _(case):
    return stops_between_zones(case)


@accept_but_aa("Knot", "Knot takes NSEC at a CNAME as data that may stand beside it (RFC 4034 §4), "
                   "so a question for it is not redirected; in an unsigned zone there is none, and "
                   "RFC 1034 §3.6.2 redirects every type but CNAME")
def _(case):
    return case.qtype == dnswire.TYPES["NSEC"] and any(r[1] == CNAME for r in case.ours["answer"])


def compare(case_of, peers_facts):
    """Failures of one question: (field, text) for each field that nobody or no rule explains."""
    accepted, failures = [], []
    for field in FIELDS:
        differing = [p for p, theirs in peers_facts.items()
                     if case_of(theirs).ours[field] != theirs[field]]
        if len(differing) == len(peers_facts) and len(peers_facts) > 1:
            failures.append((field, "differs from all"))
        else:
            for peer in differing:
                reason = explained(case_of(peers_facts[peer]), peer, field)
                if reason:
                    accepted.append((peer, field, reason))
                else:
                    failures.append((field, f"differs from {peer}"))
    return accepted, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=pathlib.Path, default=harness.BUILD)
    parser.add_argument("--ours", choices=["dnsd", "Knot", "NSD"], default="dnsd")
    parser.add_argument("--show", type=int, default=20, help="failures to print in full")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    harness.BUILD = options.build_dir.resolve()
    start = time.monotonic()
    rng = random.Random(options.seed)
    files = {p.name.removesuffix(".zone"): p for p in sorted(ZONES.glob("*.zone"))}
    zones = [ZoneData(apex, file) for apex, file in files.items()]
    world = World(zones)
    asked = questions(zones, rng)
    edns = [None if i % 3 == 0 else dnswire.opt_record((512, 1232, 4096)[i % 7 % 3])
            for i in range(len(asked))]
    queries = [dnswire.query(name, t, e) for (name, t), e in zip(asked, edns)]

    folder = pathlib.Path(tempfile.mkdtemp(prefix="dnsd-differential-"))
    running = []
    try:
        for kind in (peers.Dnsd, peers.Nsd, peers.Knot):
            if options.ours == "dnsd" or kind is not peers.Dnsd:
                running.append(kind(folder / kind.name, files))
        print(f"{len(files)} zones, {len(asked)} questions to "
              f"{', '.join(s.name for s in running)}")
        results = {}
        for server in running:
            messages, truncated = ask_all(server, queries)
            results[server.name] = messages
            print(f"  {server.name}: {truncated} answers truncated and asked again over TCP")
    finally:
        for server in running:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)

    accepted, shown, failed = collections.Counter(), 0, collections.Counter()
    ours_name = options.ours
    others = [n for n in results if n != ours_name]
    for i, (name, qtype) in enumerate(asked):
        ours = facts(results[ours_name][i])
        theirs = {n: facts(results[n][i]) for n in others}
        if "NSD" in theirs:
            wanted = set().union(ours["additional"], *(t["additional"] for n, t in theirs.items()
                                                       if n != "NSD"))
            theirs["NSD"] = without_apex_ns(theirs["NSD"], wanted, world)
        if all(t[f] == ours[f] for t in theirs.values() for f in FIELDS):
            continue
        ok, bad = compare(lambda f: Case(world, name, qtype, edns[i], ours, f), theirs)
        accepted.update(ok)
        failed.update(bad)
        if bad and shown < options.show:
            shown += 1
            print(f"\n### {dnswire.name_to_text(name)} {dnswire.TYPE_NAMES.get(qtype, qtype)} "
                  f"edns={edns[i] and edns[i][3:5].hex()}: "
                  f"{'; '.join(f'{f} {t}' for f, t in bad)}")
            for n, messages in results.items():
                lines = str(messages[i]).splitlines()
                print("\n".join([f"[{n}] {lines[0]}", *lines[1:24]])
                      + (f"\n… {len(lines) - 24} more" if len(lines) > 24 else ""))
    print("\naccepted differences:")
    for (peer, field, reason), count in sorted(accepted.items()):
        print(f"  {count:6} {peer} {field}: {reason}")
    unused = [f"{p} {f}: {r}" for p, f, r, _ in ACCEPTED if p in others and (p, f, r) not in accepted]
    for rule in unused:
        print(f"  unused rule, take it out: {rule}")
    print(f"{len(asked)} questions, {sum(failed.values())} unexplained differences "
          f"{dict(failed)}, {time.monotonic() - start:.1f} s")
    return 1 if failed or (unused and options.ours == "dnsd") else 0


if __name__ == "__main__":
    sys.exit(main())

"""The zones of the differential test, and the questions about them: every name that is there and
many that are nearly there, with the types that are at it and that are not, in every manner of
asking."""
import collections
import subprocess

import dnswire
import peers

TYPES = ["A", "AAAA", "NS", "SOA", "CNAME", "DNAME", "MX", "TXT", "SRV", "DS", "PTR", "HINFO", "SVCB",
         "HTTPS", "NSEC", "NSEC3", "RRSIG", "DNSKEY", "ANY", "TYPE65534"]
FEW_TYPES = ["A", "NS", "DS", "TXT"]
NEAR_TYPES = ["A", "NS", "CNAME", "SOA", "MX", "TXT", "DS", "ANY"]
APEX_TYPES = TYPES + ["TYPE0", "TYPE54", "TYPE128", "OPT", "CDS", "CAA", "ZONEMD"]
LARGE_ZONE = 80  # owner names: of a larger zone the neighbours are asked less

# One question and the manner of asking: `edns` is an OPT record or None, `flags` those of the header.
Question = collections.namedtuple("Question", "name type edns flags tcp")


def type_number(text):
    return int(text[4:]) if text.startswith("TYPE") else dnswire.TYPES[text]


def ancestors_of(wire):
    """The name itself and all above it, to the root."""
    labels = dnswire.labels_of(wire)
    return [dnswire.name_from_labels(labels[i:]) for i in range(len(labels) + 1)]


class ZoneData:
    """What named-compilezone makes of a zone file: owner names (in lower case) with their types, and
    the names that stand in rdata."""

    def __init__(self, apex, file):
        self.apex = dnswire.name_to_wire(apex).lower()
        self.types = collections.defaultdict(set)
        self.targets = set()
        self.cuts = set()
        text = subprocess.run([peers.program("named-compilezone"), "-q", "-i", "none", "-k",
                               "ignore", "-j", "-o", "-", apex, str(file)],
                              capture_output=True, text=True, check=False).stdout
        for line in text.splitlines() or _plain_lines(apex, file):
            if line.startswith(";"):
                continue
            owner, _, _, rrtype, rdata = (*line.split(None, 4), "")[:5]  # an APL may be empty
            name = dnswire.name_to_wire(owner).lower()
            self.types[name].add(rrtype)
            self.targets |= {dnswire.name_to_wire(word).lower() for word in rdata.split()
                             if word.endswith(".") and len(word) > 1 and '"' not in word}
            if rrtype == "NS" and name != self.apex:
                self.cuts.add(name)
        if not self.types:
            raise AssertionError(f"{file} has no records")

    @property
    def signed(self):
        return "DNSKEY" in self.types[self.apex]


def _plain_lines(apex, file):
    """The entries of a zone that BIND's tools refuse, which must be one a line, with an owner, and
    without TTL or class."""
    for line in file.read_text().splitlines():
        if not line or line[0] in ";$":
            continue
        owner, rest = line.split(None, 1)
        absolute = apex + "." if owner == "@" else owner + "." + apex + "."
        yield f"{absolute} 0 IN {rest}"


class World:
    """All zones that the servers of one run have."""

    def __init__(self, files):
        self.files = files
        self.zones = [ZoneData(apex, file) for apex, file in files.items()]
        self.apexes = {z.apex for z in self.zones}
        self.signed = {z.apex for z in self.zones if z.signed}
        self.cuts = set().union(*(z.cuts for z in self.zones))

    def is_below_cut(self, name):
        return any(a in self.cuts for a in ancestors_of(name))

    def zone_of(self, name):
        """The apex of the closest zone that has the name, or None."""
        return next((a for a in ancestors_of(name) if a in self.apexes), None)


def _neighbours(name):
    """Names about a name: above, below, beside, and what a wildcard would match."""
    labels = dnswire.labels_of(name)
    out = [labels]
    out += [labels[i:] for i in range(1, min(len(labels), 6))]
    for below in ([b"x"], [b"*"], [b"zz", b"y"], [b"a", b"b", b"c"], [b"\0"], [b"l" * 63]):
        out.append(below + labels)
    if labels:
        out += [[b"0"] + labels[1:], [b"zzzz"] + labels[1:], [b"*"] + labels[1:],
                [labels[0] + b"x"] + labels[1:], [labels[0][:-1] or b"q"] + labels[1:],
                [labels[0] + b"." + label for label in labels[1:2]] + labels[2:]]
    wires = (dnswire.name_from_labels(l) for l in out if all(0 < len(x) <= 63 for x in l))
    return {w for w in wires if len(w) <= 255}


def _mixed_case(name, rng):
    return bytes(o ^ 0x20 if 65 <= o & 0xDF <= 90 and rng.random() < 0.5 else o for o in name)


def _names_and_types(world):
    asked = set()
    types, few, near, at_apex = ({type_number(t) for t in group}
                                 for group in (TYPES, FEW_TYPES, NEAR_TYPES, APEX_TYPES))
    for zone in world.zones:
        for name, own_types in zone.types.items():
            large = len(zone.types) >= LARGE_ZONE
            wanted = near if large else types
            asked |= {(name, t) for t in {type_number(t) for t in own_types} | wanted}
            for other in _neighbours(name):
                asked |= {(other, t) for t in (few if large else near)}
        for name in zone.targets:
            asked |= {(name, t) for t in near}
        for other in _neighbours(zone.apex):
            asked |= {(other, t) for t in at_apex}
    return sorted(asked)


def _manner(rng):
    """OPT record or None, header flags, whether over TCP."""
    edns = None
    if rng.random() < 0.65:
        size = rng.choice((512, 1232, 4096, rng.randrange(0, 1400)))
        edns = dnswire.opt_record(size, flags=0x8000 if rng.random() < 0.25 else 0)
    flags = (rng.choice((0, 0, dnswire.RD)) | rng.choice((0, 0, 0, dnswire.AD))
             | rng.choice((0, 0, 0, dnswire.CD)))
    return edns, flags, rng.random() < 0.12


def questions(world, rng, share=1.0):
    """All questions, in an order and manner that the seed settles; of each (name, type) one, and
    where the size counts, at the largest sets, several."""
    asked = _names_and_types(world)
    if share < 1:
        asked = rng.sample(asked, int(len(asked) * share))
    rng.shuffle(asked)
    # Asked in every manner: what is as large as the limits.
    large = {n for z in world.zones for n in z.types if n.startswith((b"\5t0", b"\5t1", b"\3a7", b"\3a2"))}
    again = [(n, t) for n, t in asked if n in large and t in (1, 16) for _ in range(8)]
    return [Question(_mixed_case(name, rng), t, *_manner(rng)) for name, t in asked + again]

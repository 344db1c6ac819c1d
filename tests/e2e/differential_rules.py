"""What is compared of two servers' responses, and the differences that are accepted, each with its
reason."""
import collections

import dnswire

FIELDS = ["rcode", "aa", "tc", "bits", "edns", "answer", "order", "repeats", "authority",
          "additional"]
T = dnswire.TYPES
NS, CNAME, DNAME, SOA = T["NS"], T["CNAME"], T["DNAME"], T["SOA"]
DNSSEC_TYPES = {T["RRSIG"], T["NSEC"], T["NSEC3"]}


def facts(message, cut_short):
    """What is compared of a response; `cut_short`: the TC bit of what came over UDP, if it was
    asked again."""
    def canonical(records):
        return frozenset((r.name.lower(), r.type, r.cls, r.ttl, r.rdata) for r in records)
    sections = {"answer": canonical(message.answer), "authority": canonical(message.authority),
                "additional": canonical(message.additional)}
    given = len(message.answer) + len(message.authority) + len(message.additional)
    return {**sections, "rcode": message.rcode, "aa": message.aa, "tc": message.tc or cut_short,
            "tcp": message.tcp, "size": message.size, "bits": message.flags & 0xF9F0 & ~dnswire.TC,
            "edns": message.edns and (message.edns["version"], message.edns["flags"]),
            "options": message.edns and len(message.edns["options"]),
            "order": tuple((r.name.lower(), r.type) for r in message.answer
                           if r.type in (CNAME, DNAME)),
            "repeats": given - sum(map(len, sections.values()))}


class Case:
    """One question, and what two servers made of it."""

    def __init__(self, world, question, ours, theirs):
        self.world, self.question, self.ours, self.theirs = world, question, ours, theirs
        self.name, self.qtype = question.name.lower(), question.type
        edns = question.edns
        self.dnssec = bool(edns) and edns[7] & 0x80 != 0
        self.zone = world.zone_of(self.name)
        # Octets that fit over UDP.
        self.limit = max(512, min(int.from_bytes(edns[3:5], "big"), 1232)) if edns else 512

    def extra(self, field):
        return self.theirs[field] - self.ours[field]

    def lacking(self, field):
        return self.ours[field] - self.theirs[field]

    def is_referral(self):
        return not self.ours["aa"] and not self.ours["answer"] and self.ours["rcode"] == 0


# --- how a judge's answer reads before it is compared

def without_apex_ns(theirs, wanted, world):
    """A positive answer of NSD's or BIND's less the apex NS RRset that they add to it, and the
    addresses that come with that alone. It is optional, costs octets, and Knot leaves it out."""
    apex_ns = {r for r in theirs["authority"] if r[1] == NS and r[0] in world.apexes}
    if not theirs["answer"] or apex_ns != theirs["authority"]:
        return theirs
    targets = {r[4] for r in apex_ns}
    own = {r for r in theirs["additional"] if r[0] not in targets or r in wanted}
    return {**theirs, "authority": frozenset(), "additional": frozenset(own)}


def without_dnssec(theirs, question):
    """A judge's answer to a question with DO in a signed zone, less what DNSSEC adds (RFC 4035 §3.1):
    dnsd does not speak DNSSEC yet, and gives signed data when it is asked for, as plain data."""
    def plain(records, section):
        return frozenset(r for r in records
                         if (section == "answer" and r[1] == question.type)
                         or r[1] not in DNSSEC_TYPES | ({T["DS"]} if section == "authority" else set()))
    return {**theirs, **{s: plain(theirs[s], s) for s in ("answer", "authority", "additional")}}


# --- accepted differences

Rule = collections.namedtuple("Rule", "peers fields reason applies")
ACCEPTED = []


def accept(peers, fields, reason):
    """Registers a function of a Case: true if these peers' difference in one of these fields is
    accepted for the reason. Peers and fields are words in a string."""
    def register(applies):
        ACCEPTED.append(Rule(peers.split(), fields.split(), reason, applies))
    return register


def explained(case, peer, field):
    """The reason why the peer's difference in the field is accepted, or None."""
    for rule in ACCEPTED:
        if peer in rule.peers and field in rule.fields and rule.applies(case):
            return rule.reason
    return None


def compare(case_of, peers_facts):
    """What differs of one question: accepted (peer, field, reason), and failures (field, text) for
    what no rule explains."""
    accepted, failures = [], []
    for field in FIELDS:
        differing = [p for p, theirs in peers_facts.items()
                     if case_of(theirs).ours[field] != theirs[field]]
        unexplained = []
        for peer in differing:
            reason = explained(case_of(peers_facts[peer]), peer, field)
            if reason:
                accepted.append((peer, field, reason))
            else:
                unexplained.append(peer)
        if unexplained:
            failures.append((field, "differs from " + " and ".join(unexplained)))
    return accepted, failures


ALL = "NSD Knot BIND"
SECTIONS = "answer order repeats authority additional"


@accept(ALL, SECTIONS + " tc", "ANY: one HINFO, the shape of RFC 8482 §4.2; NSD and Knot give all, or "
        "truncate over UDP, BIND one RRset over UDP and all over TCP (§4.1, §4.4)")
def _(case):
    return case.qtype == T["ANY"] and case.ours["rcode"] == case.theirs["rcode"]


@accept("BIND", "bits", "BIND copies CD; an authoritative server SHOULD clear it (RFC 4035 §3.1.6), as NSD, Knot and "
        "dnsd do")
def _(case):
    return case.question.flags & dnswire.CD and case.theirs["bits"] == case.ours["bits"] | dnswire.CD


@accept(ALL, "tc", "the same answer is larger than the limit to the other: dnsd compresses the names better, and adds no "
        "apex NS RRset")
def _(case):
    return (case.theirs["tc"] and not case.ours["tc"] and case.ours["size"] <= case.limit
            and case.theirs["size"] > case.limit and case.ours["answer"] == case.theirs["answer"])


# --- what lies between two zones

def stops_between_zones(case):
    """True if the peer's answer ends with an alias into another zone that the server has as well."""
    aliases = {r[0]: r[4].lower() for r in case.theirs["answer"] if r[1] == CNAME}
    at, steps = case.name, 0
    while at in aliases and steps <= len(aliases):
        at, steps = aliases[at], steps + 1
    came_from = {owner for owner, target in aliases.items() if target == at}
    zone = case.world.zone_of(at)
    return bool(steps) and zone is not None and all(case.world.zone_of(o) != zone for o in came_from)


@accept("Knot BIND", SECTIONS + " rcode tc", "they end a chain of aliases where it leaves the zone; RFC 1034 "
        "§4.3.2 step 3a goes back to step 1, the search for the zone, as NSD and dnsd do")
def _(case):
    return stops_between_zones(case)


# --- questions that are no data

@accept("Knot", SECTIONS + " rcode aa edns", "type 0 is NOTIMP to Knot; it is reserved, and unlike a QTYPE it "
        "needs no special care (RFC 6895 §3.1)")
def _(case):
    return case.qtype == 0


@accept("BIND", SECTIONS + " rcode aa edns", "types 128 to 248 are meta types (RFC 6895 §3.1), of which BIND "
        "refuses the unassigned as FORMERR, the others answer that there is no such data")
def _(case):
    return case.qtype == 128


@accept("NSD Knot", SECTIONS + " rcode aa", "QTYPE OPT is FORMERR, as to BIND: it only ever stands in the additional "
        "section (RFC 6891 §6.1.1); NSD and Knot look for data of that type")
def _(case):
    return case.qtype == T["OPT"]


# --- chains


@accept("BIND", SECTIONS + " rcode tc", "BIND does not follow an alias for ANY; dnsd, NSD and Knot follow a DNAME's, "
        "which RFC 8482 says nothing of")
def _(case):
    return case.qtype == T["ANY"] and case.ours["order"][:2] == case.theirs["order"][:2] != ()


@accept("NSD BIND", SECTIONS + " rcode tc", "dnsd follows sixteen aliases, BIND eleven (and says SERVFAIL), NSD more; "
        "RFC 1034 §3.6.2 gives no number")
def _(case):
    aliases, others = (len([o for o in f["order"] if o[1] == CNAME]) for f in (case.ours, case.theirs))
    return (others >= aliases == 17) or (aliases > others == 12 and case.theirs["rcode"] == 2)


@accept("Knot", SECTIONS + " aa rcode", "a wildcard that owns NS or DNAME is undefined (RFC 4592 §4.2, §4.4); to Knot it "
        "delegates and renames as if expanded, NSD and dnsd take it as data")
def _(case):
    return case.zone == dnswire.name_to_wire("wildcut.example")

@accept("BIND", SECTIONS + " rcode tc", "a circle of aliases is SERVFAIL to BIND; the answer is the aliases that are there "
        "(RFC 1034 §3.6.2 leaves it open), as the others give it")
def _(case):
    both = min(len(case.ours["order"]), len(case.theirs["order"]))
    return (both and case.theirs["rcode"] == 2 and case.ours["rcode"] == 0
            and case.theirs["order"][:both] == case.ours["order"][:both])


@accept("Knot", SECTIONS + " rcode tc", "Knot ends a chain after five aliases; the RFCs know no such number, and "
        "each stop costs the resolver a query")
def _(case):
    return len([o for o in case.theirs["order"] if o[1] == CNAME]) == 5 and len(
        case.ours["order"]) > len(case.theirs["order"])


@accept("Knot BIND", SECTIONS + " rcode aa tc", "they take NSEC and RRSIG at a CNAME as data that may stand beside it "
        "(RFC 4034 §4), so a question for it is not redirected; where there is none, RFC 1034 §3.6.2 "
        "redirects every type but CNAME, as NSD and dnsd do")
def _(case):
    return case.qtype in DNSSEC_TYPES and any(r[1] == CNAME for r in case.ours["answer"])


@accept("NSD", SECTIONS + " rcode aa tc", "NSD does not redirect a question for NSEC3 at a CNAME; no NSEC3 can stand there "
        "(RFC 5155 §7.2.8)")
def _(case):
    return case.qtype == T["NSEC3"] and any(r[1] == CNAME for r in case.ours["answer"])


@accept("Knot NSD", "order repeats tc", "in a circle of aliases Knot goes round until its limit and gives each record "
        "again, and NSD a CNAME to itself; dnsd gives each once (RFC 2181 §5)")
def _(case):
    return (case.theirs["repeats"] > case.ours["repeats"] == 0
            and case.ours["answer"] == case.theirs["answer"])


@accept("Knot", "rcode authority answer", "Knot goes on behind a DNAME whose substitution is too long and ends in "
        "NXDOMAIN; it is YXDOMAIN (RFC 6672 §2.2)")
def _(case):
    return case.ours["rcode"] == 6 and case.theirs["rcode"] == 3


@accept("NSD", "rcode", "NSD says NOERROR of a name that is not in a zone if its parent zone, which NSD has too, has glue of "
        "that name; it is NXDOMAIN, and at the end of a chain too (RFC 6604 §2.1)")
def _(case):
    return (case.ours["rcode"] == 3 and case.theirs["rcode"] == 0
            and b"\1c\3isi\3edu\0" in (case.name, *(r[4] for r in case.ours["answer"]))
            and case.ours["authority"] == case.theirs["authority"])


@accept("Knot", SECTIONS + " rcode", "Knot takes x.n for a match of a wildcard although n is there, beside a name that begins "
        "with n and a zero octet; RFC 4592 §3.3.1")
def _(case):
    return case.zone == dnswire.name_to_wire("octets.example") and b"\1n\6octets" in case.name


@accept(ALL, "answer", "the name in NAPTR or IPSECKEY differs in case alone: NSD and Knot lower it, BIND keeps the case of "
        "$ORIGIN as well; names compare without case (RFC 4343)")
def _(case):
    return case.qtype in (T["NAPTR"], T["IPSECKEY"]) and _lowered(case.ours) == _lowered(case.theirs)


def _lowered(facts_of_one):
    return {(*r[:4], r[4].lower()) for r in facts_of_one["answer"]}


# --- EDNS

@accept("Knot", SECTIONS + " rcode aa edns tc", "Knot says FORMERR to some payload sizes below 512; they mean 512 (RFC 6891 "
        "§6.2.3)")
def _(case):
    edns = case.question.edns
    return edns and int.from_bytes(edns[3:5], "big") < 512 and case.theirs["rcode"] == 1


# --- DNSSEC, which dnsd does not speak yet

@accept("BIND", SECTIONS + " aa", "BIND gives the NSEC that stands at a zone cut; to dnsd, NSD and Knot the question is the "
        "child's (RFC 4035 §3.1.4.1 makes DS the exception)")
def _(case):
    return case.qtype == T["NSEC"] and case.is_referral() and case.zone in case.world.signed


@accept(ALL, "rcode tc answer authority", "the owner name of an NSEC3 RRset does not exist for questions (RFC 5155 §7.2.8); to "
        "dnsd it is plain data")
def _(case):
    return case.zone in case.world.signed and len(dnswire.labels_of(case.name)[0]) == 32


@accept(ALL, "answer tc", "a question for RRSIG: Knot and BIND give one signature (RFC 8482 §7), and each has the TTL of "
        "what it covers (RFC 4034 §3); dnsd gives all with the least TTL, as of any RRset")
def _(case):
    return case.qtype == T["RRSIG"] and case.zone in case.world.signed


# --- additional data, which is optional (RFC 1034 §4.3.2 step 6) but for glue

@accept("NSD BIND", "additional tc", "they leave out what glue does not fit, without TC; RFC 9471 §3.1 wants all "
        "in-domain glue or TC, as Knot and dnsd have it")
def _(case):
    return (case.ours["tc"] and not case.theirs["tc"] and not case.extra("additional")
            and case.theirs["authority"] == case.ours["authority"]
            and any(r[1] == NS for r in case.ours["authority"]))


@accept(ALL, "additional", "of addresses that are not required, each takes what fits, in an order of its own")
def _(case):
    full = case.limit - 130
    return not case.question.tcp and (case.theirs["size"] > full or case.ours["size"] > full)


@accept("Knot", "authority", "Knot leaves out the SOA of a denial that does not fit without TC, and adds one to YXDOMAIN; the "
        "denial cannot be kept without it (RFC 2308 §3)")
def _(case):
    return ((case.theirs["rcode"] == 6 and not case.ours["authority"])
            or (case.theirs["rcode"] == 3 and not case.theirs["authority"] and not case.question.tcp))


@accept("Knot", "additional", "Knot adds the SVCB of a target even if it is the answer, and a wildcard's addresses under the "
        "wildcard's own name; RFC 1034 §4.3.3 has the name that was looked for")
def _(case):
    return case.qtype in (T["SVCB"], T["HTTPS"]) and all(
        r in case.ours["answer"] or r[0].startswith(b"\1*") for r in case.extra("additional"))


@accept("BIND", "additional", "BIND follows the aliases of SVCB targets, further than RFC 9460 §4.1 asks for")
def _(case):
    return case.qtype in (T["SVCB"], T["HTTPS"]) and case.ours["answer"] == case.theirs["answer"]


@accept("BIND", "additional", "BIND gives a referral no addresses but glue, and often leaves out other addresses, as of "
        "names that are no host names; what it gives, the others give too")
def _(case):
    return not case.extra("additional") and not any(
        r[0].endswith(cut) for r in case.lacking("additional") if case.is_referral()
        for cut in {r[0] for r in case.ours["authority"]})


@accept("NSD", "additional", "NSD adds no address that lies below a zone cut but as glue; dnsd and Knot add what the "
        "zone has: additional data need not be authoritative")
def _(case):
    return (case.ours["answer"] and not case.extra("additional")
            and all(case.world.is_below_cut(r[0]) for r in case.lacking("additional")))


@accept("NSD BIND", "additional", "they add the addresses of the names in MB, RT, KX, AFSDB, RP (RFC 1035 §3.3.3, RFC 1183, "
        "RFC 2230 §3.3); dnsd and Knot do not: the types are hardly used")
def _(case):
    return (case.qtype in {T[t] for t in ("MB", "RT", "KX", "AFSDB", "RP", "NAPTR", "PX", "MINFO", "LP")}
            and not case.lacking("additional"))


@accept("NSD", "additional", "NSD adds no addresses of SVCB and HTTPS targets; dnsd, Knot and BIND do (RFC 9460 §4.1: "
        "SHOULD)")
def _(case):
    return case.qtype in (T["SVCB"], T["HTTPS"]) and not case.extra("additional")

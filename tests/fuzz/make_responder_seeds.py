#!/usr/bin/env python3
"""Writes the seeds of responder_fuzz: tests/fuzz/make_responder_seeds.py FOLDER

A seed is four octets that choose the server's state and settings (responder_fuzz.cc says how) and
one query. Every kind of answer, option and fault has a seed, so that a fuzzer begins where a person
would, and the unit tests of every build pass by there.
"""
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from dnswire import TYPES, name_to_wire, opt_record, query, subnet_option  # noqa: E402

TCP, GOOD_COOKIE, IN_STEPS = 1, 32, 64


def control(tcp=False, fleet=1, settings=1, cookie=False, client=0, times=1, step=0,
            in_steps=False):
    flags = TCP * tcp | GOOD_COOKIE * cookie | IN_STEPS * in_steps
    return bytes([flags | fleet << 1 | settings << 3, client, times - 1, step])


SUBNETS = [subnet_option("203.0.113.0", 24), subnet_option("2001:db8::", 32),
           subnet_option("0.0.0.0", 0), subnet_option("::", 0), subnet_option("10.1.2.3", 32),
           (8, b"\0\3\x20\0" + b"\1\2\3\4"), (8, b"\0\1\x18\0\xff\xff\xff\xff"),
           (8, b"\0\1\x21\0" + b"\0" * 5), (8, b"\0\1\x18\x18\1\2\3"), (8, b"\0"),
           (8, b"\0\1\x14\0\1\2\xff")]
COOKIES = [(10, b"01234567"), (10, b"01234567" + b"\1\0\0\0" + bytes(12)), (10, b"0123456"),
           (10, b"x" * 40), (10, b"x" * 41), (10, b"01234567" + b"y" * 8)]

SITES = ["www", "turns", "near", "nodata", "servfail", "lastgood", "unmanaged", "many",
         "hosted.hosting", "new.hosting", "b.hosting", "alias", "far", "tohosting", "loop1",
         "x.old", "x.older",
         "x.self", "y.long", "mail", "_sip._udp", "https", "svc", "x.cut", "cut", "big", "none", ""]
NAMES = ["types.example", "mx.types.example", "https.types.example", "srv.types.example",
         "ds.types.example", "naptr.types.example", "unknown0.types.example", "many.types.example",
         "x.sub.cuts.example", "ns.sub.cuts.example", "signed.cuts.example",
         "x.itself.cuts.example",
         "x.wildns.cuts.example", "x.cn.cuts.example", "b.c.cuts.example", "a.chain.example",
         "x.wild.example", "a.b.wild.example", "*.wild.example", "big.example", "a20.big.example",
         "a28.big.example", "WwW.TyPeS.eXaMpLe", "names.example", "x.nest.example",
         "x.child.nest.example", "host1.rfc4592.example", "sub.*.rfc4592.example", "cnames.example",
         "deep.example", "x.dname-apex.example", "1.2.0.192.in-addr.arpa",
         "elsewhere.test", ".", "tld", "signed.example", "ttl.example", "wildcut.example"]
LONGEST = b"".join(b"\x3f" + bytes([c]) * 63 for c in b"abc")


def seeds():
    """(name, control octets, message) of each."""
    for site in SITES:
        name = f"{site}.pools.example".lstrip(".")
        for fleet in range(4):
            yield (f"site-{fleet}-{site}", control(fleet=fleet, in_steps=fleet == 2),
                   query(name, "A", opt_record(), id=1))
        yield f"site-any-{site}", control(fleet=3), query(name, "ANY", id=2)
    for name in NAMES:
        for qtype in ("A", "ANY", "MX", "NS", "DS", "TXT"):
            yield f"name-{qtype}-{name}", control(settings=0), query(name, qtype, id=3)
        yield (f"tcp-{name}", control(tcp=True, settings=2),
               query(name, "NS", opt_record(65535), id=4))
    for number in sorted(TYPES.values()) + [0, 249, 250, 251, 253, 254, 65280, 65534, 65535]:
        yield f"type-{number}", control(settings=3), query("many.types.example", number,
                                                           opt_record(), id=5)
    for i, subnet in enumerate(SUBNETS):
        for client in range(6):
            yield (f"subnet-{i}-{client}", control(client=client, settings=1),
                   query("www.pools.example", "A", opt_record(options=[subnet]), id=6))
    for i, cookie in enumerate(COOKIES):
        for good in (False, True):
            yield (f"cookie-{i}-{int(good)}", control(cookie=good, client=i, times=16, settings=3),
                   query("www.pools.example", "A", opt_record(options=[cookie]), id=7))
    cookie_alone = bytearray(query(".", "A", opt_record(options=[COOKIES[0]]), id=8))
    cookie_alone[5] = 0
    del cookie_alone[12:17]
    yield "cookie-alone", control(settings=3), bytes(cookie_alone)
    nsid, keepalive, padding = (3, b""), (11, b""), (12, b"\0" * 9)
    for settings in range(4):
        for tcp in (False, True):
            options = [nsid, keepalive, padding, COOKIES[0], SUBNETS[0], (65001, b"?")]
            yield (f"options-{settings}-{int(tcp)}", control(tcp=tcp, settings=settings),
                   query("www.pools.example", "A", opt_record(flags=0x8000, options=options), id=9))
            yield (f"options-big-{settings}-{int(tcp)}", control(tcp=tcp, settings=settings),
                   query("a28.big.example", "A", opt_record(512, options=options), id=10))
    for broken in ((3, b"x"), (11, b"\0"), (11, b"\0\1\2")):
        yield f"option-odd-{broken[0]}-{len(broken[1])}", control(tcp=True), query(
            "www.pools.example", "A", opt_record(options=[broken]), id=11)
    for name in ("version.bind", "version.server", "hostname.bind", "id.server", "no.bind", "."):
        for qtype in ("TXT", "ANY", "A"):
            yield f"chaos-{name}-{qtype}", control(settings=1), query(name, qtype, qclass=3, id=12)
    for qclass in (0, 2, 4, 254, 255):
        yield f"class-{qclass}", control(), query("www.pools.example", "A", qclass=qclass, id=13)
    for opcode in range(16):
        yield f"opcode-{opcode}", control(), query("pools.example", "SOA", opt_record(),
                                                   flags=opcode << 11, id=14)
    yield "flags", control(), query("www.pools.example", "A", opt_record(), flags=0x07F0, id=15)
    yield "response", control(), query("www.pools.example", "A", flags=0x8000, id=16)
    yield "badvers", control(), query("www.pools.example", "A", opt_record(version=1), id=17)
    for size in (0, 511, 512, 513, 1231, 1232, 4096, 65535):
        for name in ("a28.big.example", "big.pools.example", "x.cut.pools.example"):
            for qtype in ("A", "ANY" if size == 0 else "TXT"):
                yield (f"size-{size}-{qtype}-{name}", control(settings=2),
                       query(name, qtype, opt_record(size), id=18))
    two = bytearray(query("www.pools.example", "A", opt_record(), id=19) + opt_record())
    two[11] = 2
    yield "two-opts", control(), bytes(two)
    yield "opt-cut", control(), query("www.pools.example", "A", opt_record()[:-2] + b"\0\4\xfd\xe9",
                                      id=20)
    yield "opt-asked", control(), query("www.pools.example", "OPT", id=21)
    yield "left-over", control(), query("www.pools.example", "A", id=22) + b"!"
    soa = query("pools.example", 251, id=23)
    authority = (b"\xc0\x0c" + struct.pack("!2HIH", 6, 1, 0, 22) + b"\0\0" + bytes(20))
    yield "ixfr", control(tcp=True), soa[:8] + b"\0\1" + soa[10:] + authority
    yield "pointer", control(), query(b"\xc0\x0c", "A", id=24)
    for size in (60, 61, 62):
        longest = LONGEST + bytes([size]) + b"d" * size + b"\0"
        yield f"long-{size}", control(), query(longest, "A", id=25)
    below = LONGEST + bytes([46]) + b"e" * 46
    yield "long-dname", control(), query(
        below[:128] + b"\x20" + b"f" * 32 + name_to_wire("long.pools.example"), "A", id=26)
    yield "labels-127", control(), query(b"\1a" * 127 + b"\0", "A", id=27)
    yield "octets", control(), query(b"\5\0\xff.\\\"" + name_to_wire("names.example"), "A", id=28)
    # Over the rate limits, in each class.
    for name in ("www.pools.example", "none.pools.example", "x.cut.pools.example", "elsewhere.test",
                 "x.hosting.pools.example", "a28.big.example", "far.pools.example"):
        for step in (0, 10):
            yield (f"rate-{step}-{name}", control(settings=3, times=16, step=step),
                   query(name, "A", opt_record() if step else None, id=29))
    yield "rate-formerr", control(settings=3, times=16), query("a.test", "A", id=30)[:-1]
    yield ("rate-tcp", control(tcp=True, settings=3, times=16),
           query("www.pools.example", "A", id=31))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    known = {}
    for name, octets, message in seeds():
        seed = octets + message
        if known.setdefault(seed, name) == name:
            (folder / name.replace("*", "star").replace("/", "_").lower()).write_bytes(seed)
    print(f"{len(known)} seeds in {folder}")


if __name__ == "__main__":
    main()

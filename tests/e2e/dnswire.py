"""DNS messages as the tests need them: a query's octets, and a response taken apart.

Independent of the server's own code on purpose, and of the standard library alone.
"""
import collections
import random
import select
import socket
import struct
import time

TYPES = {
    "A": 1, "NS": 2, "MD": 3, "MF": 4, "CNAME": 5, "SOA": 6, "MB": 7, "MG": 8, "MR": 9, "NULL": 10,
    "WKS": 11, "PTR": 12, "HINFO": 13, "MINFO": 14, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18,
    "X25": 19, "ISDN": 20, "RT": 21, "NSAP": 22, "SIG": 24, "KEY": 25, "PX": 26, "GPOS": 27,
    "AAAA": 28, "LOC": 29, "SRV": 33, "NAPTR": 35, "KX": 36, "CERT": 37, "DNAME": 39, "OPT": 41,
    "APL": 42, "DS": 43, "SSHFP": 44, "IPSECKEY": 45, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48,
    "DHCID": 49, "NSEC3": 50, "NSEC3PARAM": 51, "TLSA": 52, "SMIMEA": 53, "HIP": 55, "NINFO": 56,
    "RKEY": 57, "TALINK": 58, "CDS": 59, "CDNSKEY": 60, "OPENPGPKEY": 61, "CSYNC": 62, "ZONEMD": 63,
    "SVCB": 64, "HTTPS": 65, "DSYNC": 66, "SPF": 99, "UINFO": 100, "UID": 101, "GID": 102, "UNSPEC": 103, "NID": 104, "L32": 105, "L64": 106, "LP": 107,
    "EUI48": 108, "EUI64": 109, "AXFR": 252, "ANY": 255, "URI": 256, "CAA": 257,
    "AVC": 258, "DOA": 259, "AMTRELAY": 260, "RESINFO": 261, "WALLET": 262, "CLA": 263, "IPN": 264,
    "TA": 32768, "DLV": 32769, "EID": 31, "NIMLOC": 32, "ATMA": 34, "SINK": 40}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
          6: "YXDOMAIN", 16: "BADVERS"}

# Where names stand in rdata that servers may compress: how many octets come before them, how many
# names follow one another. What comes after is taken as it stands.
NAMES_IN_RDATA = {2: (0, 1), 3: (0, 1), 4: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1),
                  9: (0, 1), 12: (0, 1), 14: (0, 2), 15: (2, 1), 17: (0, 2), 18: (2, 1),
                  21: (2, 1), 26: (2, 2), 33: (6, 1), 36: (2, 1), 39: (0, 1), 107: (2, 1)}

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010

Record = collections.namedtuple("Record", "name type cls ttl rdata")  # rdata: names expanded


class Malformed(Exception):
    """The octets are no DNS message."""


def name_to_wire(text):
    """Wire form of a name in presentation format (RFC 1035 §5.1), fully qualified."""
    if text in ("", "."):
        return b"\0"
    labels, label, i = [], bytearray(), 0
    while i < len(text):
        c = text[i]
        if c == "\\" and text[i + 1:i + 4].isdigit():
            label.append(int(text[i + 1:i + 4]))
            i += 4
            continue
        if c == "\\":
            i += 1
            label += text[i].encode()
        elif c == ".":
            labels.append(bytes(label))
            label = bytearray()
        else:
            label += c.encode()
        i += 1
    if label:
        labels.append(bytes(label))
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


def labels_of(wire):
    """The labels of a name in uncompressed wire form, the root's left out."""
    labels, at = [], 0
    while wire[at]:
        labels.append(wire[at + 1:at + 1 + wire[at]])
        at += 1 + wire[at]
    return labels


def name_from_labels(labels):
    return b"".join(bytes([len(l)]) + l for l in labels) + b"\0"


def name_to_text(wire):
    def text_of(label):
        return "".join(chr(o) if 33 <= o < 127 and chr(o) not in '.\\"();@$' else f"\\{o:03d}"
                       for o in label)
    return "".join(text_of(l) + "." for l in labels_of(wire)) or "."


def read_name(message, at):
    """An expanded name and the offset behind it."""
    parts, end, jumps = [], None, 0
    while True:
        if at >= len(message):
            raise Malformed("name runs out of the message")
        size = message[at]
        if size >= 0xC0:
            if at + 1 >= len(message) or jumps > 100:
                raise Malformed("bad compression pointer")
            end = end if end is not None else at + 2
            target = (size & 0x3F) << 8 | message[at + 1]
            if target >= at:
                raise Malformed("compression pointer does not point back")
            at, jumps = target, jumps + 1
        elif size > 63:
            raise Malformed("label type")
        else:
            parts.append(message[at:at + 1 + size])
            at += 1 + size
            if size == 0:
                name = b"".join(parts)
                if len(name) > 255:
                    raise Malformed("name above 255 octets")
                return name, end if end is not None else at


def _rdata(message, at, size, rrtype):
    layout = NAMES_IN_RDATA.get(rrtype)
    if layout is None:
        return message[at:at + size]
    before, count = layout
    end, out = at + size, [message[at:at + before]]
    at += before
    for _ in range(count):
        name, at = read_name(message, at)
        out.append(name.lower())
    if at > end:
        raise Malformed("name runs out of its rdata")
    return b"".join(out) + message[at:end]


class Message:
    """A response taken apart: id, flags, rcode (extended), question, answer, authority, additional
    (OPT left out), edns (None or a dict of size, version, flags, options)."""

    def __init__(self, octets):
        self.size = len(octets)
        if len(octets) < 12:
            raise Malformed("shorter than a header")
        self.id, self.flags, *counts = struct.unpack_from("!6H", octets)
        self.rcode, self.opcode = self.flags & 15, self.flags >> 11 & 15
        self.aa, self.tc = bool(self.flags & AA), bool(self.flags & TC)
        self.edns, at = None, 12
        self.question = []
        for _ in range(counts[0]):
            name, at = read_name(octets, at)
            if at + 4 > len(octets):
                raise Malformed("question runs out of the message")
            self.question.append((name, *struct.unpack_from("!2H", octets, at)))
            at += 4
        self.answer, at = self._section(octets, at, counts[1])
        self.authority, at = self._section(octets, at, counts[2])
        self.additional, at = self._section(octets, at, counts[3])
        if at != len(octets):
            raise Malformed(f"{len(octets) - at} octets after the message")

    def _section(self, octets, at, count):
        records = []
        for _ in range(count):
            name, at = read_name(octets, at)
            if at + 10 > len(octets):
                raise Malformed("record runs out of the message")
            rrtype, cls, ttl, size = struct.unpack_from("!2HIH", octets, at)
            at += 10
            if at + size > len(octets):
                raise Malformed("rdata runs out of the message")
            if rrtype == 41:
                self._opt(octets[at:at + size], cls, ttl)
            else:
                records.append(Record(name, rrtype, cls, ttl, _rdata(octets, at, size, rrtype)))
            at += size
        return records, at

    def _opt(self, rdata, cls, ttl):
        if self.edns is not None:
            raise Malformed("two OPT records")
        options, at = [], 0
        while at < len(rdata):
            code, size = struct.unpack_from("!2H", rdata, at)
            options.append((code, rdata[at + 4:at + 4 + size]))
            at += 4 + size
        self.edns = {"size": cls, "version": ttl >> 16 & 255, "flags": ttl & 0xFFFF,
                     "options": options}
        self.rcode |= (ttl >> 24) << 4

    def addresses(self):
        """The addresses of the answer section, in its order, as text."""
        family = {1: socket.AF_INET, 28: socket.AF_INET6}
        return [socket.inet_ntop(family[r.type], r.rdata) for r in self.answer if r.type in family]

    def __str__(self):
        def lines(title, records):
            return [f";; {title}"] + [
                f"{name_to_text(r.name)} {r.ttl} {TYPE_NAMES.get(r.type, f'TYPE{r.type}')} "
                f"{r.rdata.hex()}" for r in records]
        head = (f";; {RCODES.get(self.rcode, self.rcode)} aa={int(self.aa)} tc={int(self.tc)} "
                f"size={self.size} edns={self.edns}")
        return "\n".join([head] + lines("answer", self.answer) + lines("authority", self.authority)
                         + lines("additional", self.additional))


def opt_record(size=1232, version=0, flags=0, options=(), rcode=0):
    rdata = b"".join(struct.pack("!2H", code, len(data)) + data for code, data in options)
    return b"\0" + struct.pack("!2HIH", 41, size, rcode << 24 | version << 16 | flags,
                               len(rdata)) + rdata


def subnet_option(prefix, length, scope=0):
    """An EDNS Client Subnet option (RFC 7871 §6)."""
    family = 2 if ":" in prefix else 1
    octets = socket.inet_pton(socket.AF_INET6 if family == 2 else socket.AF_INET, prefix)
    return 8, struct.pack("!HBB", family, length, scope) + octets[:(length + 7) // 8]


def query(name, qtype, edns=None, flags=0, qclass=1, id=None):
    """The octets of a query. `name` is text or wire form, `edns` what opt_record() gave or None."""
    wire = name if isinstance(name, bytes) else name_to_wire(name)
    number = qtype if isinstance(qtype, int) else TYPES[qtype]
    header = struct.pack("!6H", random.randrange(65536) if id is None else id, flags, 1, 0, 0,
                         1 if edns else 0)
    return header + wire + struct.pack("!2H", number, qclass) + (edns or b"")


def _family(address):
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def ask_udp(address, octets, timeout=2.0, source=None):
    """One datagram there; the octets that come back, or None."""
    with socket.socket(_family(address), socket.SOCK_DGRAM) as s:
        if source:
            s.bind((source, 0))
        s.settimeout(timeout)
        s.connect(address)
        s.send(octets)
        try:
            return s.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


def recv_tcp(s):
    """One message of a TCP stream, or None at its end."""
    def exactly(count):
        data = b""
        while len(data) < count:
            part = s.recv(count - len(data))
            if not part:
                return None
            data += part
        return data
    size = exactly(2)
    return exactly(struct.unpack("!H", size)[0]) if size else None


def ask_tcp(address, octets, timeout=3.0):
    with socket.socket(_family(address), socket.SOCK_STREAM) as s:
        s.settimeout(timeout)
        s.connect(address)
        s.sendall(struct.pack("!H", len(octets)) + octets)
        return recv_tcp(s)


def ask_many_udp(address, queries, window=100, timeout=1.0, tries=3):
    """Asks all, up to `window` at a time; a list of responses' octets, None where none came. The
    queries' ids are replaced by what tells them apart; the responses carry those."""
    replies = [None] * len(queries)
    todo = list(range(len(queries)))
    for _ in range(tries):
        todo = _ask_round(address, queries, replies, todo, window, timeout)
        if not todo:
            break
    return replies


def _ask_round(address, queries, replies, todo, window, timeout):
    waiting, lost, next_up = {}, [], 0
    with socket.socket(_family(address), socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.connect(address)
        deadline = time.monotonic() + timeout
        while next_up < len(todo) or waiting:
            while next_up < len(todo) and len(waiting) < window:
                index = todo[next_up]
                number = next_up & 0xFFFF
                s.send(struct.pack("!H", number) + queries[index][2:])
                waiting[number] = index
                next_up += 1
            if not select.select([s], [], [], max(0.0, deadline - time.monotonic()))[0]:
                lost += waiting.values()
                waiting.clear()
                deadline = time.monotonic() + timeout
                continue
            octets = s.recv(65535)
            index = waiting.pop(struct.unpack_from("!H", octets)[0], None)
            if index is not None:
                replies[index] = octets
                deadline = time.monotonic() + timeout
    return lost


def ask_many_tcp(address, queries, window=40, timeout=5.0, tries=6):
    """Asks all over TCP, `window` of them pipelined at a time (RFC 7766 §6.2.1.1), on a new connection
    where the server ends one; a list of responses' octets, None where none came. The queries' ids
    are replaced, as ask_many_udp does."""
    replies = [None] * len(queries)
    for _ in range(tries):
        todo = [i for i, reply in enumerate(replies) if reply is None]
        for start in range(0, len(todo), 2000):
            _ask_connection(address, queries, replies, todo[start:start + 2000], window, timeout)
    return replies


def _ask_connection(address, queries, replies, todo, window, timeout):
    with socket.socket(_family(address), socket.SOCK_STREAM) as s:
        s.settimeout(timeout)
        s.connect(address)
        for start in range(0, len(todo), window):
            waiting = {i & 0xFFFF: i for i in todo[start:start + window]}
            try:
                s.sendall(b"".join(struct.pack("!2H", len(queries[i]), n) + queries[i][2:]
                                   for n, i in waiting.items()))
                while waiting:
                    octets = recv_tcp(s)
                    if octets is None:
                        return
                    replies[waiting.pop(struct.unpack_from("!H", octets)[0])] = octets
            except (ConnectionError, TimeoutError):
                return

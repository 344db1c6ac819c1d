#!/usr/bin/env python3
"""No room includes a room above it, and the big libraries stay in the rooms that may know them.

    base < wire < zone, fleet < policy < answer, placement < server   zone and fleet: side by side
                        fleet < locality < policy
    base < wire < proto < reporter, ctl

Reads every #include line of dnsd/, reporter/, ctl/ and tools/, so that header-only rooms, which the
linker does not see, keep to their floor too. First plants violations of each kind in a temporary
tree and demands that each is found: a test that cannot fail would say nothing.

    floors_test.py [--source DIR]
"""
import argparse
import pathlib
import re
import sys
import tempfile

# What a room may include of ours, itself left out.
BELOW = {
    "dnsd/base": set(),
    "dnsd/wire": {"dnsd/base"},
    "dnsd/zone": {"dnsd/base", "dnsd/wire"},
    "dnsd/fleet": {"dnsd/base", "dnsd/wire"},
    "dnsd/locality": {"dnsd/base", "dnsd/wire", "dnsd/fleet"},
    "dnsd/policy": {"dnsd/base", "dnsd/wire", "dnsd/zone", "dnsd/fleet", "dnsd/locality"},
    "dnsd/answer": {"dnsd/base", "dnsd/wire", "dnsd/zone", "dnsd/fleet", "dnsd/locality",
                    "dnsd/policy"},
    "dnsd/placement": {"dnsd/base", "dnsd/wire", "dnsd/fleet", "dnsd/policy"},
    "dnsd/server": {"dnsd/base", "dnsd/wire", "dnsd/zone", "dnsd/fleet", "dnsd/locality",
                    "dnsd/policy", "dnsd/answer", "dnsd/placement", "proto"},
    "reporter": {"dnsd/base", "dnsd/wire", "proto"},
    "ctl": {"dnsd/base", "proto"},
}

# Libraries that only some files may know: name, how an include of it starts, which files may.
LIBRARIES = [
    ("ldns", re.compile(r"ldns/"), re.compile(r"dnsd/zone/((master_file|signer|keys)\.(cc|h)|ldns_ptr\.h)$")),
    ("libmaxminddb", re.compile(r"maxminddb"), re.compile(r"dnsd/locality/geo_database\.cc$")),
    ("libevent", re.compile(r"event2?/|event\.h|evhttp\.h"), re.compile(r"(dnsd/server|reporter|tools)/")),
    ("gRPC", re.compile(r"grpc(pp)?/|proto/.*\.grpc\.pb\.h"), re.compile(r"(dnsd/server|reporter|ctl|tools)/")),
    ("protobuf", re.compile(r"google/protobuf/|proto/.*\.pb\.h"), re.compile(r"(dnsd/server|reporter|ctl|tools)/")),
]

INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^">]+)[">]')


def room_of(path):
    """The room of a file or of an include, or None if it is none of ours."""
    parts = path.split("/")
    if parts[0] == "dnsd" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0] if parts[0] in ("reporter", "ctl", "proto") and len(parts) > 1 else None


def fault_of(file, included):
    """What is wrong with `file` including `included`, or None."""
    for library, includes, may in LIBRARIES:
        if includes.match(included) and not may.match(file):
            return f"{library} is not for this file"
    room, target = room_of(file), room_of(included)
    if room is None or target is None or target == room:
        return None
    if room not in BELOW:
        return f"room {room} has no floor: give it one in tests/layout/floors_test.py"
    if target not in BELOW[room]:
        return f"{room} may include only {', '.join(sorted(BELOW[room])) or 'nothing of ours'}"
    return None


def faults_in(source):
    """The faults of the tree at `source`, as "file:line: include: what", and the includes read."""
    faults, count = [], 0
    for folder in ("dnsd", "reporter", "ctl", "tools"):
        for path in sorted((source / folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            file = path.relative_to(source).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                count += 1
                fault = fault_of(file, match[1])
                if fault:
                    faults.append(f"{file}:{number}: {match[1]}: {fault}")
    return faults, count


PLANTED = [  # file, its include, whether it is a fault
    ("dnsd/base/a.h", "dnsd/wire/name.h", True),
    ("dnsd/wire/a.cc", "dnsd/base/clock.h", False),
    ("dnsd/wire/a.h", "dnsd/zone/zone.h", True),
    ("dnsd/zone/a.h", "dnsd/fleet/fleet.h", True),
    ("dnsd/fleet/a.cc", "dnsd/zone/zone.h", True),
    ("dnsd/policy/a.h", "dnsd/fleet/node_state.h", False),
    ("dnsd/locality/a.h", "dnsd/fleet/node_state.h", False),
    ("dnsd/locality/b.h", "dnsd/policy/candidate.h", True),
    ("dnsd/locality/geo_database.cc", "maxminddb.h", False),
    ("dnsd/locality/c.h", "maxminddb.h", True),
    ("dnsd/policy/b.h", "dnsd/answer/fleet_view.h", True),
    ("dnsd/answer/a.cc", "dnsd/server/config.h", True),
    ("dnsd/answer/b.cc", "proto/heartbeat.pb.h", True),
    ("dnsd/server/a.cc", "proto/heartbeat.grpc.pb.h", False),
    ("dnsd/server/b.cc", "reporter/sampler.h", True),
    ("dnsd/zone/master_file.cc", "ldns/ldns.h", False),
    ("dnsd/zone/zone.cc", "ldns/ldns.h", True),
    ("dnsd/server/c.cc", "ldns/ldns.h", True),
    ("dnsd/server/d.cc", "event2/event.h", False),
    ("dnsd/answer/c.cc", "event2/event.h", True),
    ("dnsd/fleet/b.cc", "grpcpp/grpcpp.h", True),
    ("dnsd/attic/a.cc", "dnsd/base/clock.h", True),
    ("reporter/a.cc", "dnsd/base/clock.h", False),
    ("reporter/b.cc", "dnsd/fleet/heartbeat.h", True),
    ("ctl/a.cc", "dnsd/server/config.h", True),
    ("tools/t/a.cc", "dnsd/wire/name.h", False),
]


def self_test():
    """The planted includes that are judged wrongly."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder)
        for file, included, _ in PLANTED:
            path = source / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as out:
                out.write(f'#include "{included}"\n')
        found = {(f.split(":")[0], f.split(": ")[1]) for f in faults_in(source)[0]}
    return [f"planted {file} including {included}: {'missed' if fault else 'wrongly refused'}"
            for file, included, fault in PLANTED if ((file, included) in found) != fault]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    source = parser.parse_args().source
    wrong = self_test()
    faults, count = faults_in(source)
    if count < 90:
        wrong.append(f"only {count} #include lines under {source}: the wrong folder?")
    for line in wrong + faults:
        print(line)
    print(f"{count} includes read, {len(PLANTED)} planted, {len(wrong) + len(faults)} faults")
    return 1 if wrong or faults else 0


if __name__ == "__main__":
    sys.exit(main())

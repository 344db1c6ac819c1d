"""Targets with their verdicts, and tables in Markdown."""
import dataclasses
import os
import time


@dataclasses.dataclass
class Target:
    what: str
    measured: str
    wanted: str
    met: bool

    def row(self):
        return [self.what, self.measured, self.wanted, "met" if self.met else "**missed**"]


class Report:
    """Collects what the parts find, in their order: text for people, `data` for programs."""

    def __init__(self):
        self.targets, self.sections, self.data = [], [], {}
        self.failures = []  # what could not be measured

    def target(self, what, measured, wanted, met):
        self.targets.append(Target(what, measured, wanted, bool(met)))

    def at_least(self, what, value, limit):
        self.target(what, f"{value:.2f}", f"≥ {limit:g}", value >= limit)

    def at_most(self, what, value, limit, digits=2, unit="", of=""):
        """`of`: whose figure the limit is."""
        self.target(what, f"{value:.{digits}f}{unit}",
                    f"≤ {limit:.{digits}f}{unit}" + (f", {of}" if of else ""), value <= limit)

    def section(self, title, how, rows):
        """A table with what was done above it; rows[0] is its head."""
        self.sections.append((title, how, rows))

    def markdown(self, facts):
        text = [facts, "", *(f"**Not measured**: {f}\n" for f in self.failures)]
        if self.targets:
            text += [table([["what", "measured", "target", "verdict"],
                            *(t.row() for t in self.targets)]), ""]
        for title, how, rows in self.sections:
            text += [f"### {title}", "", how, "", table(rows), ""]
        return "\n".join(text)


def table(rows):
    widths = [max(len(str(r[c])) for r in rows) for c in range(len(rows[0]))]
    lines = ["| " + " | ".join(str(f).ljust(w) if c == 0 else str(f).rjust(w)
                               for c, (f, w) in enumerate(zip(row, widths))) + " |"
             for row in rows]
    rule = "|" + "|".join("-" * (w + 2) if c == 0 else "-" * (w + 1) + ":"
                          for c, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def put_between_marks(path, markdown):
    """Replaces what stands between the lines that contain "bench begins" and "bench ends"."""
    lines = path.read_text(encoding="utf-8").split("\n")
    marks = [i for i, line in enumerate(lines) if "bench begins" in line or "bench ends" in line]
    if len(marks) != 2:
        raise SystemExit(f"bench: {path}: wanted one line with \"bench begins\" and one with "
                         "\"bench ends\"")
    lines[marks[0] + 1:marks[1]] = ["", *markdown.rstrip().split("\n"), ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def facts(versions, options):
    """The machine and what was measured, in a paragraph."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":")[1].strip() for line in info
                      if line.startswith("model name")), "unknown CPU")
    kernel = os.uname().release.split("-")[0]
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (f"{os.cpu_count()} CPUs ({model}), Linux {kernel}; {packages}. Medians of "
            f"{options.rounds} interleaved rounds of {options.seconds:g} s each; server on core 0, "
            "generator on core 1, loopback, every response validated.")


def other_work():
    """The share of all CPUs that somebody uses while nothing is measured, over a second."""
    def busy():
        with open("/proc/stat", encoding="ascii") as stat:
            fields = [int(f) for f in stat.readline().split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)
    before = busy()
    time.sleep(1)
    used, whole = (b - a for a, b in zip(before, busy()))
    return used / whole

"""From sessions to figures, and from figures of several repetitions to tables."""
import collections
import statistics


def percentile(values, share):
    """Of sorted values, by nearest rank."""
    return values[min(len(values) - 1, max(0, -(-share * len(values) // 100) - 1))]


def of_sessions(run, load):
    """Figures of a measurement. Times are those of sessions that came to a good end, and those that
    ran into the time limit: they count with it. Errors that came back count as failed alone."""
    sessions = [s for s in run["sessions"] if s[0] >= 0]
    times = sorted(s[1] for s in sessions if not s[3] or s[3] == "TimeoutError")
    good = [s for s in sessions if not s[3]]
    in_time = [s for s in run["sessions"] if not s[3] and 0 <= s[0] + s[1] <= load.seconds]
    figures = {"sessions": len(sessions), "failed": len(sessions) - len(good),
               "sent_to": dict(collections.Counter(s[2] for s in sessions if s[2])),
               "throughput": len(in_time) / load.seconds,
               "octets": sum(s[4] for s in in_time) / load.seconds,
               "late": run["late_p99"]}
    if times:
        figures |= {"mean": statistics.fmean(times)}
        figures |= {f"p{p}": percentile(times, p) for p in (50, 95, 99)}
    if load.rate:
        figures["lost"] = figures["failed"] / load.rate
    busy = run["utilization"]
    if busy and statistics.fmean(busy) > 0:
        figures["imbalance"] = max(busy) / statistics.fmean(busy)
    return figures


def share_of(run, address, begin):
    """The share of the sessions from `begin` on that were sent to an address."""
    sessions = [s for s in run["sessions"] if s[0] >= begin and s[2]]
    return sum(s[2] == address for s in sessions) / len(sessions) if sessions else 0.0


def spread(values, digits=2, scale=1.0):
    """The median, and what it lies between."""
    values = [v * scale for v in values if v is not None]
    if not values:
        return "-"
    middle, least, most = statistics.median(values), min(values), max(values)
    text = f"{middle:.{digits}f}"
    if len(values) == 1 or f"{least:.{digits}f}" == f"{most:.{digits}f}":
        return text
    return f"{text} ({least:.{digits}f}-{most:.{digits}f})"


def ratios(rows, reference, key):
    """Of each repetition's figure to the reference's in the same repetition."""
    return [a[key] / b[key] for a, b in zip(rows, reference) if a.get(key) and b.get(key)]


def brief(rows, key, scale=1.0):
    """For the progress: each policy's median."""
    return ", ".join(f"{p} {statistics.median(f.get(key, 0) for f in figures) * scale:.1f}"
                     for p, figures in rows.items())


def offered(rows):
    """What the clients offered, of all repetitions."""
    figures = next(iter(rows.values()))
    return (f"A session takes {spread([f['cost'] for f in figures], 1, 1e3)} ms of CPU time, "
            f"measured before each repetition; {spread([f['rate'] for f in figures], 1)} sessions "
            "a second")


def table(rows):
    """Markdown; rows[0] is the head."""
    widths = [max(len(r[c]) for r in rows) for c in range(len(rows[0]))]
    lines = ["| " + " | ".join(f.ljust(w) if c == 0 else f.rjust(w)
                               for c, (f, w) in enumerate(zip(r, widths))) + " |" for r in rows]
    rule = "|" + "|".join("-" * (w + 2) if c == 0 else "-" * (w + 1) + ":"
                          for c, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])

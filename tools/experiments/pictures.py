"""Pictures of how response times went on, drawn by gnuplot."""
import collections
import shutil
import statistics
import subprocess

STEP = 2.0  # seconds that a point stands for


def course(run):
    """[[seconds, mean time]] of the sessions that began in each step; failed ones count with the
    time they took."""
    times = collections.defaultdict(list)
    for begin, seconds, *_ in run["sessions"]:
        if begin >= 0:
            times[int(begin / STEP)].append(seconds)
    return [[(i + 0.5) * STEP, statistics.fmean(t)] for i, t in sorted(times.items())]


def draw(path, title, rows, event_at=None):
    """One line a policy, each point the median over the repetitions, in an SVG file."""
    if not shutil.which("gnuplot"):
        raise RuntimeError("no gnuplot: tools/install-packages experiment")
    plots, data = [], []
    for i, (policy, figures) in enumerate(rows.items()):
        plots.append(f'"-" using 1:2 with lines lw 2 lc {i + 1} title "{policy}" noenhanced')
        points = collections.defaultdict(list)
        for repetition in figures:
            for at, seconds in repetition["course"]:
                points[at].append(seconds)
        data += [f"{at} {statistics.median(t) * 1e3}" for at, t in sorted(points.items())] + ["e"]
    arrow = (f"set arrow from {event_at}, graph 0 to {event_at}, graph 1 nohead dt 2\n"
             if event_at is not None else "")
    script = (f'set terminal svg size 760,380 background "white"\nset output "{path}"\n'
              f'set title "{title}" noenhanced\nset xlabel "seconds"\n'
              'set ylabel "mean time of a session, ms"\nset logscale y\nset grid\n'
              f"set key outside right\n{arrow}plot " + ", ".join(plots) + "\n"
              + "\n".join(data) + "\n")
    subprocess.run(["gnuplot"], input=script, text=True, check=True, capture_output=True)

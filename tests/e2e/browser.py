"""Debian's Chromium, driven by playwright-core of the version that page/package-lock.json pins."""
import json
import os
import select
import shutil
import subprocess
import sys

import harness

FILES = harness.SOURCE / "tests" / "e2e" / "page"


SKIPPED = 77  # what ctest shows as skipped


def install():
    """The folder with the driver and what it needs; npm fetches that once a build directory. Without
    npm's registry there is no test, which ctest shows."""
    missing = [p for p in ("chromium", "node", "npm") if not shutil.which(p)]
    if missing:
        raise AssertionError(f"missing: {', '.join(missing)}: tools/install-packages test")
    folder = harness.BUILD / "page-test"
    folder.mkdir(exist_ok=True)
    stamp = folder / "installed"
    wanted = (FILES / "package-lock.json").read_text()
    shutil.copy(FILES / "drive.mjs", folder)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FILES / name, folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                          text=True, capture_output=True, timeout=150, check=False)
    if done.returncode != 0:
        print("SKIPPED: npm cannot fetch playwright-core, which the test of the page needs:\n"
              f"{done.stdout}{done.stderr}", file=sys.stderr, flush=True)
        os._exit(SKIPPED)
    stamp.write_text(wanted)
    return folder


class Browser:
    """One browser with one window at a time. Deeds as drive.mjs has them."""

    def __init__(self):
        folder = install()
        self.log = open(folder / "driver.log", "w+")
        self.patience = 30 * harness.PATIENCE
        self.process = subprocess.Popen(
            ["node", str(folder / "drive.mjs"), shutil.which("chromium"), str(self.patience)],
            cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, "NODE_NO_WARNINGS": "1"})

    def do(self, deed, **arguments):
        self.process.stdin.write(json.dumps({"do": deed, **arguments}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 3 * self.patience)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.log.seek(0)
            raise AssertionError(f"the browser says nothing to {deed}: {self.log.read()}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(f"{deed} {arguments}: {answer['error']}")
        return answer["value"]

    def eval(self, script):
        return self.do("eval", script=script)

    def texts(self, selector):
        """The text of each element that the selector finds."""
        return self.eval(f"[...document.querySelectorAll({json.dumps(selector)})]"
                         ".map((e) => e.textContent)")

    def text(self, selector):
        found = self.texts(selector)
        return found[0] if found else None

    def wait(self, holds, what, seconds=30):
        """Polls until `holds` is true of the page; its value."""
        return harness.wait_until(holds, seconds * harness.PATIENCE, what)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20 * harness.PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

"""A dnsd with a control socket, and dnsdctl to command it."""
import harness

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 7 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   127.0.1.1
www     0 A   127.0.1.2
"""
A, B = "127.0.1.1", "127.0.1.2"
FAST = "heartbeat: {warm_up: 0s}\n"


class TestCase(harness.TestCase):
    def controlled(self, *arguments, **options):
        """A dnsd that ctl() commands."""
        self.socket = self.folder / "control.sock"
        return self.dnsd("--control-socket", self.socket, *arguments, **options)

    def ctl(self, *words, fails=0):
        """dnsdctl's output: stdout of success, stderr of failure."""
        done = self.run_program("dnsdctl", "--socket", self.socket, *words)
        self.assertEqual(done.returncode, fails, done.stdout + done.stderr)
        return done.stderr if fails else done.stdout

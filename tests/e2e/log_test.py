"""Where the log goes; and a configuration in several files."""
import json
import signal

import harness

ZONE = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS  ns1
ns1 3600 A 192.0.2.53
"""


class Log(harness.TestCase):
    def messages(self, path):
        return [json.loads(line)["message"] for line in path.read_text().splitlines()]

    def test_a_file_of_json_is_turned_over_at_hup_even_if_the_reload_fails(self):
        path = self.folder / "dnsd.log"
        server = self.dnsd(zone=ZONE, config="log: {to: dnsd.log, format: json}\n")
        self.assertIn("dnsd 0.1.0 serves 1 zone, 0 sites", self.messages(path))
        self.assertEqual(server.log(), "")
        path.rename(self.folder / "dnsd.log.1")
        self.write("dnsd.yaml", "nonsense: true\n")
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: path.exists() and "nonsense" in path.read_text(),
                           20 * harness.PATIENCE, "the fault is told in a new file", server)

    def test_a_reload_changes_where_it_goes(self):
        server = self.dnsd(zone=ZONE, config="log: {level: info}\n")
        self.write("dnsd.yaml", "log: {to: other.log}\n")
        server.signal(signal.SIGHUP)
        path = self.folder / "other.log"
        harness.wait_until(lambda: path.exists() and "reloaded" in path.read_text(),
                           20 * harness.PATIENCE, "the new file tells of the reload", server)
        # One that cannot be written fails the reload as a whole.
        self.write("dnsd.yaml", "log: {to: /proc/no/such}\n")
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: "cannot write the log /proc/no/such" in path.read_text(),
                           20 * harness.PATIENCE, "the fault is told", server)


class ReporterLog(harness.TestCase):
    def test_a_file_of_json_is_turned_over_at_hup_even_if_the_reload_fails(self):
        path = self.folder / "reporter.log"
        config = self.write("reporter.yaml", "log: {to: reporter.log, format: json}\n")
        reporter = self.reporter(self.dnsd(zone=ZONE), "web1", "127.0.1.1",
                                 arguments=("--config", config))

        def told(what):
            harness.wait_until(
                lambda: path.exists() and what in path.read_text(), 20 * harness.PATIENCE,
                f"{path.name} tells '{what}'", reporter)
        told("node web1 reports to 1 dnsd")
        self.assertEqual(json.loads(path.read_text().splitlines()[0])["program"], "reporter")
        path.rename(self.folder / "reporter.log.1")
        self.write("reporter.yaml", "nonsense: true\n")
        reporter.signal(signal.SIGHUP)
        told("nonsense")
        path = self.folder / "other.log"
        self.write("reporter.yaml", "log: {to: other.log}\n")
        reporter.signal(signal.SIGHUP)
        told("configuration reloaded")
        self.assertNotIn("{", path.read_text().splitlines()[0])

    def test_a_file_that_cannot_be_opened_is_told_at_the_start(self):
        done = self.run_program("reporter", "--config", self.write(
            "reporter.yaml", "node: web1\naddresses: [127.0.1.1]\ndnsd: ['127.0.0.1:9']\n"
                             "log: {to: /proc/no/such}\n"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write the log /proc/no/such", done.stderr)


class Includes(harness.TestCase):
    def test_zones_come_from_several_files_and_faults_name_theirs(self):
        self.write("a.zone", ZONE)
        self.write("b.zone", ZONE.replace("lb.example", "b.example"))
        config = self.write("dnsd.yaml", "include: conf.d/*.yaml\nlisten: [127.0.0.1:0]\n"
                                         "zones: [{apex: lb.example, file: a.zone}]\n")
        self.write("conf.d/b.yaml", "zones: [{apex: b.example, file: b.zone}]\n")
        server = self.start(harness.Dnsd(self.folder, ["--config", config]))
        for apex in ("lb.example", "b.example"):
            self.assertEqual(server.answers(f"ns1.{apex}"), ["192.0.2.53"])
        fault = self.write("conf.d/c.yaml", "zones:\n- {apex: c.example, file: none.zone}\nx: 1\n")
        done = self.run_program("dnsd", "check", "--config", config)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{fault}:3: unknown key 'x'", done.stdout)
        self.write("conf.d/c.yaml", "zones:\n- {apex: c.example, file: none.zone}\n")
        done = self.run_program("dnsd", "check", "--config", config)
        self.assertIn("none.zone", done.stdout)
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: "not reloaded" in server.log(), 20 * harness.PATIENCE,
                           "the reload fails", server)
        (self.folder / "conf.d/c.yaml").unlink()


if __name__ == "__main__":
    harness.main()

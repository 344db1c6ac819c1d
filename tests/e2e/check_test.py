"""`dnsd check`, and start-up, which says the same: every fault with its file and line."""
import harness

HEAD = """$ORIGIN lb.example.
@ 3600 SOA ns1 hostmaster 1 3600 600 86400 5
@ 3600 NS  ns1
ns1 3600 A 192.0.2.53
"""  # four lines: what a test adds begins at line 5


class Check(harness.TestCase):
    def check(self, *arguments):
        return self.run_program("dnsd", "check", "--listen", "127.0.0.1:0", *arguments)

    def zone_fault(self, text, apex="lb.example"):
        """What check and start-up say of a zone file; both must say the same."""
        path = self.write("lb.zone", text)
        done = self.check("--zone", f"{apex}={path}")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        started = self.run_program("dnsd", "--listen", "127.0.0.1:0", "--zone", f"{apex}={path}")
        self.assertEqual(started.returncode, 1)
        said = (done.stdout + done.stderr).replace(str(path), "lb.zone")
        for line in said.splitlines():
            if line.startswith("lb.zone:"):
                self.assertIn(line, started.stderr.replace(str(path), "lb.zone"))
        return said

    def config_fault(self, text):
        zone = self.write("lb.zone", HEAD)
        path = self.write("dnsd.yaml", text)
        done = self.run_program("dnsd", "check", "--config", path, "--listen", "127.0.0.1:0",
                                "--zone", f"lb.example={zone}")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return (done.stdout + done.stderr).replace(str(path), "dnsd.yaml")

    def test_a_good_zone_passes(self):
        path = self.write("lb.zone", HEAD + "www 0 A 192.0.2.1\nwww 0 A 192.0.2.2\n")
        done = self.check("--zone", f"lb.example={path}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_line_that_does_not_parse_is_named(self):
        for line in ("www A 192.0.2.300", "www A", "www NOSUCHTYPE x", "www MX mail",
                     "w" * 64 + " A 192.0.2.1", "www AAAA 192.0.2.1", "$TTL often"):
            with self.subTest(line):
                self.assertIn("lb.zone:5: ", self.zone_fault(HEAD + line + "\n"))

    def test_several_faults_are_said_at_once(self):
        said = self.zone_fault(HEAD + "a A 192.0.2.300\nb A 192.0.2.1\nc A x\n")
        self.assertIn("lb.zone:5: ", said)
        self.assertIn("lb.zone:7: ", said)

    def test_two_soas_are_refused(self):
        said = self.zone_fault(HEAD + "@ 3600 SOA ns2 hostmaster 2 3600 600 86400 5\n")
        self.assertRegex(said, r"lb\.zone:5: .*SOA")

    def test_no_soa_is_refused(self):
        self.assertRegex(self.zone_fault("$ORIGIN lb.example.\n@ 3600 NS ns1\n"), "SOA")

    def test_an_empty_file_is_refused(self):
        self.assertRegex(self.zone_fault(""), "SOA")

    def test_data_outside_the_zone_is_refused(self):
        said = self.zone_fault(HEAD + "www.other.test. 60 A 192.0.2.1\n")
        self.assertRegex(said, r"lb\.zone:5: .*www\.other\.test")

    def test_a_cname_beside_other_data_is_refused(self):
        said = self.zone_fault(HEAD + "www 60 A 192.0.2.1\nwww 60 CNAME ns1\n")
        self.assertRegex(said, r"lb\.zone:[56]: .*CNAME")

    def test_two_cnames_are_refused(self):
        said = self.zone_fault(HEAD + "www 60 CNAME ns1\nwww 60 CNAME ns2\n")
        self.assertRegex(said, r"lb\.zone:[56]: .*CNAME")

    def test_a_missing_file_is_named(self):
        done = self.check("--zone", f"lb.example={self.folder}/none.zone")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.folder}/none.zone", done.stdout + done.stderr)

    def test_a_zone_file_for_another_apex_is_refused(self):
        self.zone_fault(HEAD, apex="other.example")

    def test_an_unknown_key_is_named_with_its_line(self):
        said = self.config_fault("edns_size: 1232\nheartbeat:\n  ded_after: 3\n")
        self.assertRegex(said, r"dnsd\.yaml:3: .*ded_after")
        self.assertIn("dead_after", said)  # what was probably meant

    def test_values_out_of_range_are_named_with_what_was_wanted(self):
        for text, line in (("edns_size: 100", 1), ("edns_size: many", 1), ("workers: -1", 1),
                           ("site_defaults:\n  policy: cheapest", 2),
                           ("site_defaults:\n  answers: 0", 2),
                           ("heartbeat:\n  warm_up: soon", 2),
                           ("listen: ['localhost:53']", 1), ("http: {listen: '127.0.0.1'}", 1)):
            with self.subTest(text):
                self.assertIn(f"dnsd.yaml:{line}: ", self.config_fault(text + "\n"))

    def test_yaml_that_does_not_parse_is_named_with_its_line(self):
        self.assertIn("dnsd.yaml:2:", self.config_fault("workers: 1\nlisten: [\n"))

    def test_a_missing_configuration_is_named(self):
        done = self.run_program("dnsd", "check", "--config", self.folder / "none.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.yaml", done.stdout + done.stderr)

    def test_heartbeats_in_plain_text_beyond_loopback_need_a_word(self):
        said = self.config_fault("heartbeat: {listen: '0.0.0.0:5380'}\n")
        self.assertIn("insecure", said)

    def test_faults_of_a_running_configuration_are_those_of_check(self):
        path = self.write("dnsd.yaml", "nonsense: 1\n")
        started = self.run_program("dnsd", "--config", path)
        self.assertEqual(started.returncode, 1)
        self.assertIn(f"{path}:1: ", started.stderr)


if __name__ == "__main__":
    harness.main()

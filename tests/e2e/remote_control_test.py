"""dnsdctl from elsewhere: certificates, tokens, and what is refused."""
import os
import subprocess

import harness

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 7 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
"""


class RemoteControl(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.make_ca("ca")
        self.sign("server", "ca")
        self.sign("admin", "ca")
        self.make_ca("other")
        self.sign("stranger", "other")
        self.write("token", "correct horse battery\n")
        self.write("wrong", "incorrect horse battery\n")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True,
                       cwd=self.folder)

    def make_ca(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
                     "-subj", f"/CN={name}")

    def sign(self, name, ca):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self.write("san.cnf", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey",
                     f"{ca}.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", "2",
                     "-extfile", "san.cnf")

    def start_server(self, control):
        self.server = self.dnsd(zone=ZONE, config=f"control: {{listen: '127.0.0.1:0', {control}}}\n")
        self.address = dict(self.server.ready_lines)["remote_control"]

    def ctl(self, *words, fails=0):
        done = self.run_program("dnsdctl", "--server", self.address, *words)
        self.assertEqual(done.returncode, fails, done.stdout + done.stderr)
        return done.stderr if fails else done.stdout

    def files(self, *names):
        return [str(self.folder / name) for name in names]

    def shown(self, name):
        ca, certificate, key = self.files("ca.pem", f"{name}.pem", f"{name}.key")
        return ["--ca", ca, "--cert", certificate, "--key", key]

    TLS = "tls: {certificate: server.pem, key: server.key%s}"

    def test_whoever_shows_a_certificate_may_command(self):
        self.start_server(self.TLS % ", client_ca: ca.pem")
        self.assertRegex(self.ctl(*self.shown("admin"), "zones"), r"lb\.example\. +7")
        self.assertEqual(self.ctl(*self.shown("admin"), "reload"), "")
        for words in (self.shown("stranger"), ["--ca", self.files("ca.pem")[0]], []):
            self.assertIn("do --ca, --cert and --key fit it?", self.ctl(*words, "zones", fails=1))

    def test_a_server_with_anothers_certificate_is_not_spoken_to(self):
        self.start_server(self.TLS % ", client_ca: ca.pem")
        words = self.shown("admin")
        words[1] = str(self.folder / "other.pem")
        self.assertIn("fit it?", self.ctl(*words, "zones", fails=1))

    def test_names_may_order_readers_may_look_and_others_may_do_nothing(self):
        self.sign("reader.ops", "ca")
        self.sign("intern", "ca")
        self.start_server(self.TLS % ", client_ca: ca.pem" +
                          ", names: [admin, root*], readers: '*.ops'")
        self.ctl(*self.shown("admin"), "log-level", "info")
        self.assertIn("log level info: certificate 'admin' at 127.0.0.1", self.server.log())
        self.assertRegex(self.ctl(*self.shown("reader.ops"), "zones"), "lb.example")
        for order in (["reload"], ["log-level", "debug"], ["drain", "x"], ["expand", "x", "y"]):
            self.assertIn("certificate 'reader.ops' at 127.0.0.1 may look, not",
                          self.ctl(*self.shown("reader.ops"), *order, fails=1))
        for words in (["zones"], ["reload"], ["watch"]):
            self.assertRegex(self.ctl(*self.shown("intern"), *words, fails=1),
                             r"certificate '(intern|localhost)' may do nothing here")
        self.assertRegex(self.server.log(), r"control: refused: certificate '\w+' may do nothing")

    def test_a_proxy_of_the_environment_is_not_asked(self):
        self.start_server("token_file: token")
        proxy = {name: "http://127.0.0.1:1" for name in ("http_proxy", "https_proxy", "grpc_proxy")}
        done = self.run_program("dnsdctl", "--server", self.address, "--token-file",
                                *self.files("token"), "zones",
                                env={**os.environ, **proxy, "no_proxy": "", "no_grpc_proxy": ""})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_whoever_shows_the_token_may_command(self):
        self.start_server(self.TLS % "" + ", token_file: token")
        ca, token, wrong = self.files("ca.pem", "token", "wrong")
        self.assertRegex(self.ctl("--ca", ca, "--token-file", token, "zones"), "lb.example")
        self.assertIn("not the token that dnsd has",
                      self.ctl("--ca", ca, "--token-file", wrong, "zones", fails=1))
        for command in (["status"], ["reload"], ["watch"], ["log-level", "debug"], ["sites"],
                        ["explain", "www.lb.example"], ["history", "x"], ["drain", "x"]):
            self.assertIn("no token; wanted --token-file",
                          self.ctl("--ca", ca, *command, fails=1), command)

    def test_on_loopback_a_token_will_do_without_tls(self):
        self.start_server("token_file: token")
        token = self.files("token")[0]
        self.assertRegex(self.ctl("--token-file", token, "zones"), "lb.example")
        self.ctl("zones", fails=1)

    def test_where_both_are_set_both_are_wanted(self):
        self.start_server(self.TLS % ", client_ca: ca.pem" + ", token_file: token")
        token = self.files("token")[0]
        self.ctl(*self.shown("admin"), "--token-file", token, "zones")
        self.assertIn("no token", self.ctl(*self.shown("admin"), "zones", fails=1))
        self.ctl("--ca", self.files("ca.pem")[0], "--token-file", token, "zones", fails=1)

    def test_a_port_that_would_be_anybodys_is_a_fault_of_the_configuration(self):
        zone = self.write("lb.zone", ZONE)
        for control, message in (
                ("{listen: '127.0.0.1:0'}", "would be anybody's"),
                ("{listen: '192.0.2.1:7', token_file: token}", "would be plain text beyond"),
                ("{token_file: token}", "do nothing without control.listen"),
                ("{listen: '127.0.0.1:0', token_file: token, names: [x]}",
                 "can be proved under control.tls.client_ca alone"),
                ("{listen: '127.0.0.1:0', tls: {certificate: none.pem, key: server.key}, "
                 "token_file: token}", "control.tls.certificate: cannot read")):
            path = self.write("check.yaml", f"control: {control}\n")
            done = self.run_program("dnsd", "check", "--config", path, "--listen", "127.0.0.1:0",
                                    "--zone", f"lb.example={zone}")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, r"check\.yaml:1: ")
            self.assertIn(message, done.stdout)

    def test_what_cannot_work_is_said_before_it_is_tried(self):
        run = lambda *words: self.run_program("dnsdctl", *words)
        beyond = run("--server", "192.0.2.1:7", "status")
        self.assertEqual(beyond.returncode, 1)
        self.assertIn("--ca names the file", beyond.stderr)
        self.assertIn("--token-file: cannot read",
                      run("--server", "127.0.0.1:7", "--token-file", "/none", "status").stderr)
        self.assertEqual(run("--cert", "x", "status").returncode, 2)


if __name__ == "__main__":
    harness.main()

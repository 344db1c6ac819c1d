"""The ready-made hooks with real programs: rsync from an rsync daemon and from folders, nginx and
Apache on ports of loopback, and shellcheck over all of them."""
import fcntl
import getpass
import os
import pathlib
import pty
import random
import shutil
import signal
import subprocess
import termios
import threading
import time
import urllib.error
import urllib.request

import harness

PATIENCE = harness.PATIENCE
HOOKS = harness.SOURCE / "packaging" / "hooks"

NGINX = """
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port} default_server; return 404; }}
  include {folder}/enabled/*;
}}
"""
NGINX_SITE = "server {{ listen 127.0.0.1:{port}; server_name @SITE@; root @ROOT@; }}\n"

APACHE = """
ServerName localhost
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache-error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
Listen 127.0.0.1:{port}
<VirtualHost *:{port}>
  ServerName nobody.example
</VirtualHost>
IncludeOptional {folder}/enabled/*.conf
"""
APACHE_SITE = """<VirtualHost *:{port}>
  ServerName @SITE@
  DocumentRoot "@ROOT@"
  <Directory "@ROOT@">
    Require all granted
  </Directory>
</VirtualHost>
"""


def program(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


class Hooks(harness.TestCase):
    def node(self, name):
        """The folder of sites of a node."""
        folder = self.folder / name / "www"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, node, site, **files):
        folder = self.node(node) / site
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    def environment(self, action, site, node="n1", sources=(), **more):
        return {**os.environ, "DNSD_ACTION": action, "DNSD_SITE": site,
                "DNSD_SITES_DIR": str(self.node(node)), "DNSD_SOURCES": " ".join(sources),
                "DNSD_SOURCE_ADDRESSES": " ".join(sources),
                "DNSD_REPORTER": str(harness.BUILD / "reporter"), **more}

    def call(self, hook, action, site, *options, node="n1", sources=(), code=0, env=None, **more):
        environment = self.environment(action, site, node, sources, **(env or {}))
        done = subprocess.run([HOOKS / hook, *map(str, options)], env=environment, text=True,
                              capture_output=True, timeout=60 * PATIENCE, check=False, **more)
        if code is None:
            return done.returncode
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def rsync(self, action, site, *sources, options=(), **more):
        return self.call("content-rsync", action, site, "--from", f"{self.folder}/%/www",
                         "--patience", "60", *options, sources=sources, **more)

    def left_over(self, node="n1"):
        return sorted(p.name for p in (self.node(node) / ".incoming").iterdir())

    # ---- content ----

    def test_shellcheck_finds_nothing(self):
        scripts = [HOOKS / n for n in ("content-rsync", "content-shared", "vhost", "hook-common")]
        done = subprocess.run(["shellcheck", "-x", "-P", HOOKS, *scripts], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.stdout + done.stderr, "")

    def test_each_tells_how_it_is_used(self):
        for hook in ("content-rsync", "content-shared", "vhost"):
            done = subprocess.run([HOOKS / hook, "--help"], text=True, capture_output=True,
                                  check=True)
            self.assertIn("Exit status", done.stdout)
            self.assertIn("--frob", self.call(hook, "verify", "a.example", "--frob", code=2))

    def test_names_that_are_no_sites_are_refused(self):
        for name in ("", "..", ".dnsd", "a/b", "-x", "a b", "$(x)"):
            self.assertIn("wanted the name of a site", self.rsync("withdraw", name, code=2))

    def test_rsync_brings_a_site_and_keeps_it_up_to_date(self):
        origin = self.put("n2", "a.example", index="one", other="two")
        self.assertIn("copied from n2", self.rsync("instantiate", "a.example", "n2"))
        copy = self.node("n1") / "a.example"
        self.assertEqual((copy / "index").read_text(), "one")
        self.assertEqual((copy / "index").stat().st_mtime_ns, (origin / "index").stat().st_mtime_ns,
                         "its version is its source's")
        self.assertIn("is as at n2", self.rsync("verify", "a.example", "n2"))
        (origin / "index").write_text("three")
        (origin / "other").unlink()
        self.rsync("instantiate", "a.example", "n2")
        self.assertEqual((copy / "index").read_text(), "three")
        self.assertFalse((copy / "other").exists())
        self.assertEqual(self.left_over(), [])
        self.rsync("withdraw", "a.example")
        self.assertFalse(copy.exists())
        self.assertEqual(self.left_over(), [])

    def put_at(self, node, time, index):
        """The site as it was at that time, in seconds since 1970."""
        folder = self.node(node) / "a.example"
        folder.mkdir(exist_ok=True)
        (folder / "index").write_text(index)
        for path in (folder / "index", folder):
            os.utime(path, (time, time))

    def test_verify_tells_what_is_behind_from_what_is_not_whole(self):
        def verify(code, *sources, version=0):
            return self.rsync("verify", "a.example", *sources, code=code,
                              env={"DNSD_VERSION": str(version)})
        self.put_at("n2", 1_000_000_000, "one")
        self.put_at("n3", 900_000_000, "before")
        self.put_at("n4", 1_000_000_005.5, "next")
        self.rsync("instantiate", "a.example", "n2")
        self.put("n1", ".incoming/a.example", part="of one that was killed")
        self.assertIn("no source", verify(75, "n9"))
        self.assertIn("is as at n2", verify(0, "n9", "n3", "n2", version=1_000_000_000_000))
        self.assertEqual(self.left_over(), [])
        self.assertIn("n4 has a change of 2001/09/09 01:46:45", verify(10, "n4", "n2"))
        self.assertIn("wanted 1000000005500", verify(10, version=1_000_000_005_500))
        self.assertIn("older than what is here", verify(75, "n3"))
        copy = self.node("n1") / "a.example" / "index"
        copy.write_text("onx")
        os.utime(copy, (1e9, 1e9))
        self.assertIn("is as at n2", verify(0, "n2"), "size and time are the same")
        self.assertIn("differs from n2", self.rsync("verify", "a.example", "n2", options=["--checksum"],
                                                    code=1))
        copy.write_text("longer")
        os.utime(copy, (1e9, 1e9))
        self.assertIn("differs from n2", verify(1, "n3", "n2"))
        os.utime(copy)
        self.assertIn("older than what is here", verify(75, "n2"))
        self.assertIn("changed here", verify(1, "n2", version=1_000_000_000_000))
        shutil.rmtree(copy.parent)
        self.assertIn("not here", verify(1, "n2"))

    def test_so_does_that_of_a_shared_folder(self):
        self.put_at("n2", 1_000_000_000, "one")

        def verify(code, shared="n2"):
            return self.call("content-shared", "verify", "a.example", "--from", self.node(shared),
                             code=code)
        verify(1)
        self.call("content-shared", "instantiate", "a.example", "--from", self.node("n2"))
        self.assertIn("is as in", verify(0))
        self.assertIn("no such folder", verify(75, "n3"))
        self.put_at("n2", 1_000_000_001, "two")
        self.assertIn("newer version", verify(10))
        self.put_at("n1", 1_000_000_002, "longer")
        self.assertIn("differs", verify(1))

    def test_rsync_goes_on_with_the_next_source(self):
        self.node("n2")
        self.put("n3", "a.example", index="three")
        out = self.rsync("instantiate", "a.example", "n9", "n2", "n3")
        self.assertIn("copied from n3", out)
        self.assertIn("n9: ", out)

    def test_without_any_source_nothing_is_left_in_the_folder(self):
        self.node("n2")
        self.assertIn("no source has a.example",
                      self.rsync("instantiate", "a.example", "n2", code=1))
        self.assertFalse((self.node("n1") / "a.example").exists())

    def test_a_source_that_is_still_copying_is_followed_until_it_is_whole(self):
        half = self.put("n2", ".incoming/a.example", one="1" * 1000)
        self.put("n3", "a.example", one="of n3")
        hook = threading.Thread(target=lambda: self.rsync("instantiate", "a.example", "n2", "n3"))
        hook.start()
        relayed = self.node("n1") / ".incoming" / "a.example"
        harness.wait_until(lambda: (relayed / "one").exists(), 60 * PATIENCE, "what it has is here")
        with open(half / "two", "w", encoding="ascii") as grows:
            grows.write("2" * 5000)
        harness.wait_until(lambda: (relayed / "two").exists(), 60 * PATIENCE, "and what it gets")
        self.assertFalse((self.node("n1") / "a.example").exists(), "not before it is whole")
        with open(half / "two", "a", encoding="ascii") as grows:
            grows.write("!")
        half.rename(self.node("n2") / "a.example")
        hook.join(60 * PATIENCE)
        self.assertEqual((self.node("n1") / "a.example" / "two").read_text(), "2" * 5000 + "!")
        self.assertEqual((self.node("n1") / "a.example" / "one").read_text(), "1" * 1000)

    def test_a_source_that_gets_no_further_is_given_up(self):
        self.put("n2", ".incoming/a.example", one="half")
        self.put("n3", "a.example", one="whole", two="2")
        out = self.call("content-rsync", "instantiate", "a.example", "--from",
                        f"{self.folder}/%/www", "--patience", "1", sources=("n2", "n3"))
        self.assertIn("n2: no news", out)
        self.assertEqual((self.node("n1") / "a.example" / "one").read_text(), "whole")

    def test_rsync_from_a_daemon(self):
        self.put("n2", "a.example", index="by the daemon")
        port = harness.free_port()
        config = self.write("rsyncd.conf", f"use chroot = no\nport = {port}\naddress = 127.0.0.1\n"
                            f"pid file = {self.folder}/rsyncd.pid\n"
                            f"[sites]\npath = {self.node('n2')}\nread only = yes\n")
        daemon = self.start(harness.Process(
            "rsyncd", ["rsync", "--daemon", "--no-detach", f"--config={config}",
                       f"--log-file={self.folder}/rsyncd.log"]))
        daemon.may_fail = True

        def copied():
            try:
                self.call("content-rsync", "instantiate", "a.example", "--from",
                          f"rsync://%:{port}/sites", sources=("127.0.0.1",))
                return True
            except AssertionError:
                return False
        harness.wait_until(copied, 60 * PATIENCE, "copied", daemon)
        self.assertEqual((self.node("n1") / "a.example" / "index").read_text(), "by the daemon")

    # ---- hooks that are killed ----

    def killer(self):
        """A folder for the PATH, whose programs kill the hook that runs them once $STEP of them
        have ended."""
        folder = self.folder / "steps"
        folder.mkdir()
        for name in ("mv", "rm", "mktemp", "rsync", "cp", "ln", "reporter"):
            real = harness.BUILD / "reporter" if name == "reporter" else shutil.which(name)
            (folder / name).write_text(
                f'#!/bin/sh\n{real} "$@"\nstatus=$?\n'
                f'echo {name} >> {self.folder}/ran\n'
                f'[ "$(wc -l < {self.folder}/ran)" -ne "$STEP" ] || kill -9 0\nexit $status\n')
            (folder / name).chmod(0o755)
        return folder

    def each_kill(self, *call, **more):
        """Calls the hook again and again, each time killed one step later, until it ends."""
        folder, given = self.killer(), more.pop("env", {})
        for step in range(1, 100):
            (self.folder / "ran").write_text("")
            env = {"STEP": str(step), "PATH": f"{folder}:{os.environ['PATH']}",
                   "DNSD_REPORTER": str(folder / "reporter"), **given}
            code = self.call(*call, code=None, env=env, start_new_session=True, **more)
            yield step, (self.folder / "ran").read_text().split()
            if code != -signal.SIGKILL:
                self.assertEqual(code, 0)
                self.assertGreater(step, 3)
                return
        self.fail("it never ends")

    def check_each_kill_of_an_update(self, hook, *options, exchanges):
        copy = self.node("n1") / "a.example" / "index"
        origin = self.put("n2", "a.example", index="0") / "index"
        more = {"sources": ("n2",), "env": {} if exchanges else {"DNSD_REPORTER": "/nowhere"}}
        self.call(hook, "instantiate", "a.example", *options, **more)
        for number, (step, ran) in enumerate(
                self.each_kill(hook, "instantiate", "a.example", *options, **more), 1):
            with self.subTest(step=step, ran=ran):
                if exchanges:
                    self.assertTrue(copy.exists(), "it is never gone")
                self.call(hook, "verify", "a.example", *options, code=None, **more)
                self.assertIn(copy.read_text(), (str(number - 2), str(number - 1)))
                self.assertEqual([n for n in self.left_over() if n[0] == "."], [])
                self.call(hook, "instantiate", "a.example", *options, **more)
                self.assertEqual(copy.read_text(), str(number - 1))
                self.assertEqual(self.left_over(), [])
                origin.write_text(str(number))
                os.utime(origin, (1e9 + number, 1e9 + number))

    def test_a_replica_is_never_gone_wherever_the_hook_of_its_update_is_killed(self):
        self.check_each_kill_of_an_update("content-rsync", "--from", f"{self.folder}/%/www",
                                          exchanges=True)

    def test_so_with_content_of_a_shared_folder(self):
        self.check_each_kill_of_an_update("content-shared", "--from", self.node("n2"),
                                          exchanges=True)

    def test_where_names_cannot_be_exchanged_the_next_hook_puts_the_replica_back(self):
        self.check_each_kill_of_an_update("content-rsync", "--from", f"{self.folder}/%/www",
                                          exchanges=False)

    def test_what_a_killed_withdrawal_leaves_the_next_one_deletes(self):
        copy = self.put("n1", "a.example", index="here")
        self.put("n1", ".incoming/a.example", index="coming")
        for step, ran in self.each_kill("content-rsync", "withdraw", "a.example"):
            with self.subTest(step=step, ran=ran):
                self.rsync("withdraw", "a.example")
                self.assertFalse(copy.exists())
                self.assertEqual(self.left_over(), [])
                self.put("n1", "a.example", index="here")
                self.put("n1", ".incoming/a.example", index="coming")

    def test_at_every_look_a_replica_is_there_while_its_updates_are_killed(self):
        origin = self.put("n2", "a.example", index="0", **{f"f{n}": "x" * 1000 for n in range(20)})
        self.rsync("instantiate", "a.example", "n2")
        index = self.node("n1") / "a.example" / "index"
        faults, looks, over = [], 0, threading.Event()

        def look():
            nonlocal looks
            while not over.is_set():
                looks += 1
                try:
                    if not index.read_text().isdigit():
                        faults.append("half of it")
                except OSError as error:
                    faults.append(str(error))
        reader = threading.Thread(target=look)
        reader.start()
        self.addCleanup(over.set)
        moment, whole = random.Random(7), 1.0
        for number in range(1, 31):
            (origin / "index").write_text(str(number))
            begin = time.monotonic()
            hook = subprocess.Popen(
                [HOOKS / "content-rsync", "--from", f"{self.folder}/%/www"],
                env=self.environment("instantiate", "a.example", sources=("n2",)),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                hook.wait(moment.uniform(0, whole))
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(hook.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            hook.wait()
            begin = time.monotonic()
            self.rsync("instantiate", "a.example", "n2")
            whole = time.monotonic() - begin
            self.assertEqual(index.read_text(), str(number))
            self.assertEqual(self.left_over(), [])
        over.set()
        reader.join(60 * PATIENCE)
        self.assertEqual(faults, [])
        self.assertGreater(looks, 100)

    # ---- by ssh ----

    def key(self, name):
        path = self.folder / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path],
                       check=True)
        return path

    def ssh_server(self, port, host_key, authorized, *addresses):
        """An sshd that lets the owner of the key `authorized` in, as the user who runs the test."""
        if os.getuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)  # for its unprivileged process
        keys = self.write(f"authorized-{addresses[0]}", authorized.with_suffix(".pub").read_text())
        config = self.write(f"sshd-{addresses[0]}.conf", f"Port {port}\nHostKey {host_key}\n" +
                            "".join(f"ListenAddress {a}\n" for a in addresses) +
                            f"AuthorizedKeysFile {keys}\nPidFile none\nUsePAM no\n"
                            "StrictModes no\nPasswordAuthentication no\n"
                            "KbdInteractiveAuthentication no\nPrintLastLog no\n")
        server = self.start(harness.Process("sshd", [program("sshd"), "-D", "-e", "-f", config]))
        server.may_fail = True  # 255 of SIGTERM
        harness.wait_until(lambda: server.log().count("Server listening") == len(addresses),
                           60 * PATIENCE, "it listens", server)

    def ssh_servers(self):
        """A call of the hook by ssh; 127.0.0.2 refuses its key, 127.0.0.3 and ::1 have the sites of
        n2."""
        port, host_key, ours = harness.free_port(), self.key("host"), self.key("ours")
        self.ssh_server(port, host_key, self.key("another"), "127.0.0.2")
        self.ssh_server(port, host_key, ours, "127.0.0.3", "::1")
        known = self.write("known", "".join(
            f"[{a}]:{port} {host_key.with_suffix('.pub').read_text()}"
            for a in ("127.0.0.2", "127.0.0.3", "::1")))
        ssh = (f"ssh -F none -p {port} -i {ours} -o IdentitiesOnly=yes "
               f"-o UserKnownHostsFile={known}")

        def call(action, site, *sources, user=f"{getpass.getuser()}@", **more):
            return self.call("content-rsync", action, site, "--from",
                             f"{user}%:{self.node('n2')}", "--ssh", ssh, "--patience", "60",
                             sources=sources, **more)
        return call

    def test_rsync_by_ssh_brings_and_compares_a_site(self):
        by_ssh = self.ssh_servers()
        origin = self.put("n2", "a.example", index="by ssh")
        self.assertIn("copied from 127.0.0.3", by_ssh("instantiate", "a.example", "127.0.0.3"))
        copy = self.node("n1") / "a.example" / "index"
        self.assertEqual(copy.read_text(), "by ssh")
        self.assertEqual(copy.stat().st_mtime_ns, (origin / "index").stat().st_mtime_ns)
        self.assertIn("is as at ::1", by_ssh("verify", "a.example", "::1"))
        (origin / "index").write_text("by ssh again")
        self.assertIn("copied from ::1", by_ssh("instantiate", "a.example", "::1"))
        self.assertEqual(copy.read_text(), "by ssh again")
        self.assertEqual(self.left_over(), [])

    def test_a_source_that_refuses_our_key_is_passed_over(self):
        by_ssh = self.ssh_servers()
        self.put("n2", "a.example", index="by ssh")
        out = by_ssh("instantiate", "a.example", "127.0.0.2", "127.0.0.4", "127.0.0.3")
        self.assertRegex(out, "127.0.0.2: .*Permission denied")
        self.assertRegex(out, "127.0.0.4: .*(Connection refused|connection unexpectedly closed)")
        self.assertIn("copied from 127.0.0.3", out)
        self.assertIn("is as at 127.0.0.3", by_ssh("verify", "a.example", "127.0.0.2", "127.0.0.3"))

    def test_a_source_whose_host_key_is_unknown_is_passed_over_without_a_question(self):
        by_ssh = self.ssh_servers()
        self.put("n2", "a.example", index="by ssh")
        (self.folder / "known").write_text("")
        terminal, of_hook = pty.openpty()  # as of a reporter that a person has started
        self.addCleanup(os.close, terminal)
        self.put_at("n1", 1e9, "here")
        self.assertIn("no source", by_ssh("verify", "a.example", "127.0.0.3", code=75))
        out = by_ssh("instantiate", "a.example", "127.0.0.3", code=1, start_new_session=True,
                     preexec_fn=lambda: fcntl.ioctl(of_hook, termios.TIOCSCTTY, 0))
        self.assertIn("Host key verification failed", out)
        self.assertIn("no source has a.example", out)

    def test_a_source_by_ssh_that_is_still_copying_is_followed(self):
        by_ssh = self.ssh_servers()
        half = self.put("n2", ".incoming/a.example", one="1" * 1000)
        hook = threading.Thread(target=lambda: by_ssh("instantiate", "a.example", "127.0.0.3"))
        hook.start()
        relayed = self.node("n1") / ".incoming" / "a.example"
        harness.wait_until(lambda: (relayed / "one").exists(), 60 * PATIENCE, "what it has is here")
        (half / "two").write_text("2" * 5000)
        half.rename(self.node("n2") / "a.example")
        hook.join(60 * PATIENCE)
        self.assertEqual((self.node("n1") / "a.example" / "two").read_text(), "2" * 5000)
        self.assertEqual(self.left_over(), [])

    def test_a_source_that_ssh_might_take_for_an_option_is_none(self):
        by_ssh = self.ssh_servers()
        self.put("n2", "a.example", index="by ssh")
        trap = self.folder / "trap"
        for user in ("", f"{getpass.getuser()}@"):
            out = by_ssh("instantiate", "a.example", f"-oProxyCommand=touch${{IFS}}{trap}", "-",
                         "a;b", "127.0.0.3", user=user)
            self.assertIn("copied from 127.0.0.3", out)
            self.assertIn("'a;b' is no source", out)
            self.assertFalse(trap.exists())
        for name in ("-oProxyCommand=x", "a.example;x", "$(x)"):
            self.assertIn("wanted the name of a site", by_ssh("verify", name, "127.0.0.3", code=2))

    def test_a_full_disk_leaves_nothing_behind(self):
        self.put("n2", "a.example", big="x" * 3_000_000)
        small = self.folder / "n1" / "www"
        small.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small],
                                 check=False, capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no right to mount a small disk")
        try:
            self.rsync("instantiate", "a.example", "n2", code=11)
            self.assertEqual(self.left_over(), [])
            self.assertFalse((small / "a.example").exists())
        finally:
            subprocess.run(["umount", small], check=True)

    def test_content_of_a_shared_folder_is_copied_or_linked(self):
        shared = self.put("shared", "a.example", index="shared").parent
        copy = self.node("n1") / "a.example"
        for options, is_link in (((), False), (("--link",), True)):
            self.call("content-shared", "instantiate", "a.example", "--from", shared, *options)
            self.assertEqual((copy / "index").read_text(), "shared")
            self.assertEqual(copy.is_symlink(), is_link)
            self.call("content-shared", "verify", "a.example", "--from", shared)
            self.call("content-shared", "withdraw", "a.example", "--from", shared)
            self.assertFalse(copy.is_symlink() or copy.exists())
        self.assertTrue((shared / "a.example" / "index").exists())

    # ---- virtual hosts ----

    def get(self, port, host):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/index.html",
                                         headers={"Host": host})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def check_server(self, server, port, process, options, broken):
        """Enables, breaks and disables a site of a running server."""
        (self.folder / "n1" / "www" / "a.example").mkdir(parents=True)
        (self.folder / "n1" / "www" / "a.example" / "index.html").write_text("here")
        enabled = self.folder / "enabled"

        def vhost(action, *more, code=0):
            return self.call("vhost", action, "a.example", "--server", server, "--conf-dir",
                             enabled, *options, *more, code=code)
        harness.wait_until(lambda: self.get(port, "x.example")[0], 60 * PATIENCE, "it serves",
                           process)
        vhost("instantiate")
        harness.wait_until(lambda: self.get(port, "a.example") == (200, "here"), 60 * PATIENCE,
                           "the site is served", process)
        vhost("verify")
        before = (enabled / "dnsd-a.example.conf").read_text()
        out = vhost("instantiate", "--template", self.write("broken", broken), code=1)
        self.assertIn("undone", out)
        self.assertEqual((enabled / "dnsd-a.example.conf").read_text(), before)
        vhost("instantiate", "--reload", "false", code=1)
        self.assertEqual((enabled / "dnsd-a.example.conf").read_text(), before)
        harness.wait_until(lambda: self.get(port, "a.example") == (200, "here"), 60 * PATIENCE,
                           "the site is served still: a reload takes a moment", process)
        vhost("withdraw")
        harness.wait_until(lambda: self.get(port, "a.example")[1] != "here", 60 * PATIENCE,
                           "the site is served no more", process)
        vhost("verify", code=1)
        vhost("withdraw")
        self.assertEqual([p.name for p in enabled.iterdir()], [".dnsd.lock"])

    def test_a_virtual_host_whose_hook_was_killed_spoils_no_other(self):
        enabled = self.folder / "enabled"
        enabled.mkdir()
        good, broken = self.write("good", "of @SITE@\n"), self.write("broken", "broken\n")
        options = ("--server", "nginx", "--conf-dir", enabled, "--reload", "true",
                   "--test", f"! grep -q broken {enabled}/*.conf")
        conf = enabled / "dnsd-a.example.conf"

        def vhost(action, site, template):
            self.call("vhost", action, site, *options, "--template", template)
            return {p.name for p in enabled.iterdir()} - {".dnsd.lock"}
        for before in ("", "of a.example\n"):
            for action, template in (("instantiate", broken), ("instantiate", good),
                                     ("withdraw", good)):
                killer = f"sh -c 'kill -9 0'; {options[-1]}"
                for dies_at in ("--test", "--reload"):
                    with self.subTest(before=before, action=action, dies_at=dies_at):
                        conf.unlink(missing_ok=True)
                        if before:
                            conf.write_text(before)
                        code = self.call("vhost", action, "a.example", *options, "--template",
                                         template, dies_at, killer, code=None,
                                         start_new_session=True)
                        if code != -signal.SIGKILL:  # it came not so far
                            continue
                        names = vhost("instantiate", "b.example", good)
                        self.assertEqual(names, {"dnsd-b.example.conf"} |
                                         ({conf.name} if before else set()))
                        self.assertEqual(conf.read_text() if before else "", before)

    def test_a_virtual_host_of_nginx(self):
        port = harness.free_port()
        (self.folder / "enabled").mkdir()
        self.folder.chmod(0o755)  # nginx's workers are of another user
        config = self.write("nginx.conf", NGINX.format(folder=self.folder, port=port))
        template = self.write("nginx-site", NGINX_SITE.format(port=port))
        nginx = f"{program('nginx')} -c {config}"
        process = self.start(harness.Process("nginx", [*nginx.split(), "-g", "daemon off;"]))
        self.check_server("nginx", port, process, ["--template", template, "--test", f"{nginx} -t",
                                                   "--reload", f"{nginx} -s reload"],
                          "server { listen nowhere at all; }\n")

    def test_a_virtual_host_of_apache(self):
        port = harness.free_port()
        (self.folder / "enabled").mkdir()
        self.folder.chmod(0o755)
        config = self.write("apache.conf", APACHE.format(folder=self.folder, port=port))
        template = self.write("apache-site", APACHE_SITE.format(port=port))
        apache = f"{program('apache2')} -f {config}"
        process = self.start(harness.Process("apache2", [*apache.split(), "-DFOREGROUND"]))
        process.may_fail = True
        self.check_server("apache", port, process, ["--template", template, "--test",
                                                    f"{apache} -t", "--reload",
                                                    f"{apache} -k graceful"],
                          "<VirtualHost *:80>\nNoSuchDirective\n</VirtualHost>\n")


if __name__ == "__main__":
    harness.main()

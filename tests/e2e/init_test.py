"""`dnsd init`: what it writes is accepted, and serves at once."""
import subprocess

import harness


class Init(harness.TestCase):
    def init(self, *arguments):
        return self.run_program("dnsd", "init", self.folder / "first", *arguments)

    def test_it_serves_at_once(self):
        ports = [f"127.0.0.1:{harness.free_port()}" for _ in range(3)]
        done = self.init("--apex", "lb.test", "--listen", ports[0], "--heartbeat-listen", ports[1],
                         "--http-listen", ports[2])
        self.assertEqual(done.returncode, 0, done.stderr)
        config, zone = done.stdout.split()
        checked = self.run_program("dnsd", "check", "--config", config)
        self.assertEqual((checked.returncode, checked.stdout), (0, ""))
        named = subprocess.run(["named-checkzone", "lb.test", zone], capture_output=True, text=True,
                               check=False)
        self.assertEqual(named.returncode, 0, named.stdout)
        server = self.start(harness.Dnsd(self.folder, ["--config", config]))
        self.assertEqual(server.sample("www.lb.test"), {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
        self.assertEqual(server.sample("shop.hosting.lb.test"), {"192.0.2.1", "192.0.2.2"})
        self.assertTrue((self.folder / "first/control.sock").exists())

    def test_nothing_is_overwritten(self):
        self.assertEqual(self.init().returncode, 0)
        config = self.folder / "first/dnsd.yaml"
        config.write_text("listen: [mine]\n")
        done = self.init()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{config} is there already", done.stderr)
        self.assertEqual(config.read_text(), "listen: [mine]\n")


if __name__ == "__main__":
    harness.main()

"""What installing dnsd's package does, with systemd's commands played by a stage: the real ones are
tools/test-package's business."""
import subprocess

import harness

# Appends what it was asked to the file `asked`, and plays `systemctl show` from files.
STAGE = """#!/bin/sh
echo "$(basename "$0") $*" >>{folder}/asked
case "$(basename "$0") $*" in
  "systemctl show -P MainPID"*) cat {folder}/pid ;;
  "systemctl show -P ControlGroup"*) echo /dnsd ;;
  "systemctl kill"*) {killed} ;;
  "sleep "*) {slept} ;;
  "policy-rc.d "*) exit {policy} ;;
esac
"""
NAMES = ("systemctl", "systemd-sysusers", "systemd-tmpfiles", "deb-systemd-helper",
         "deb-systemd-invoke", "policy-rc.d", "sleep")


class Postinst(harness.TestCase):
    def configure(self, old_version="0.1.0", killed="true", slept="true", policy=0,
                  without=()):
        """postinst's standard error, and the commands it gave."""
        bin_folder = self.folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        for name in set(NAMES) - set(without):
            stage = bin_folder / name
            stage.write_text(STAGE.format(folder=self.folder, killed=killed, slept=slept,
                                          policy=policy))
            stage.chmod(0o755)
        (self.folder / "dnsd").mkdir(exist_ok=True)
        self.write("pid", "100\n")
        self.write("dnsd/cgroup.procs", "100\n")
        self.write("asked", "")
        script = (harness.SOURCE / "packaging" / "debian" / "dnsd" / "postinst").read_text()
        for path in ("/run/systemd/system", "/sys/fs/cgroup"):
            self.assertIn(path, script)
            script = script.replace(path, str(self.folder))
        done = subprocess.run(["sh", "-c", script, "postinst", "configure", old_version], text=True,
                              capture_output=True, check=False, timeout=120 * harness.PATIENCE,
                              env={"PATH": f"{bin_folder}:/usr/bin:/bin"})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr, (self.folder / "asked").read_text().splitlines()

    def follower_after(self, turns):
        """A new program that is loading for so many of the script's naps."""
        return (f"echo x >>{self.folder}/naps; "
                f"[ $(wc -l <{self.folder}/naps) -lt {turns} ] || echo 200 >{self.folder}/pid")

    def both(self):
        return f"printf '100\\n200\\n' >{self.folder}/dnsd/cgroup.procs"

    def kills(self, asked):
        return [line for line in asked if line.startswith("systemctl kill")]

    def test_an_upgrade_waits_as_long_as_the_new_program_loads(self):
        errors, asked = self.configure(killed=self.both(), slept=self.follower_after(350))
        self.assertEqual(errors, "")
        self.assertEqual(len(self.kills(asked)), 1)
        self.assertEqual(asked.count("sleep 0.2"), 350)

    def test_and_no_longer_than_it_lives(self):
        gone = f"echo 100 >{self.folder}/dnsd/cgroup.procs"
        errors, asked = self.configure(killed=self.both(), slept=gone)
        self.assertIn("the old one goes on", errors)
        self.assertLess(asked.count("sleep 0.2"), 3)

    def test_a_program_that_never_came_is_not_waited_for_long(self):
        errors, asked = self.configure()
        self.assertIn("the old one goes on", errors)
        self.assertEqual(asked.count("sleep 0.2"), 100)

    def test_policy_rc_d_decides(self):
        errors, asked = self.configure(policy=101)
        self.assertIn("policy-rc.d", errors)
        self.assertEqual(self.kills(asked), [])
        for policy in (0, 104):
            _, asked = self.configure(policy=policy, killed=f"echo 200 >{self.folder}/pid")
            self.assertEqual(len(self.kills(asked)), 1, policy)
            self.assertIn("policy-rc.d dnsd restart", asked)
        (self.folder / "bin" / "policy-rc.d").unlink()
        _, asked = self.configure(killed=f"echo 200 >{self.folder}/pid", without=("policy-rc.d",))
        self.assertEqual(len(self.kills(asked)), 1)

    def test_a_first_installation_starts_by_the_policy_too(self):
        _, asked = self.configure(old_version="")
        self.assertEqual(self.kills(asked), [])
        self.assertIn("deb-systemd-invoke start dnsd.service", asked)


if __name__ == "__main__":
    harness.main()

"""The man pages: made, well formed, and whole."""
import os
import re
import subprocess
import sys

import harness

PAGES = ("dnsd.8", "reporter.8", "dnsdctl.1", "dnsload.1", "dnsd.yaml.5", "reporter.yaml.5")


class Man(harness.TestCase):
    def setUp(self):
        super().setUp()
        subprocess.run([sys.executable, harness.SOURCE / "tools" / "man", "--build-dir",
                        harness.BUILD, self.folder], check=True)

    def text(self, page):
        done = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=1000", self.folder / page],
                              capture_output=True, text=True, check=True)
        return re.sub(r".\x08", "", done.stdout)

    def test_no_page_has_a_fault(self):
        self.assertEqual(sorted(os.listdir(self.folder)), sorted(PAGES))
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning",
                               *(self.folder / page for page in PAGES)],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout + done.stderr, "")

    def test_each_flag_of_a_program_is_in_its_page(self):
        for page in PAGES[:4]:
            name = page.rsplit(".", 1)[0]
            told = self.run_program(name, "--help").stdout
            flags = re.findall(r"(?m)^  (-\S+)", told)
            self.assertGreater(len(flags), 3)
            for flag in flags:
                self.assertIn(flag, self.text(page))

    def test_each_key_of_a_file_is_in_its_page(self):
        parts = (harness.SOURCE / "docs" / "configuration.md").read_text().split("\n## ")
        for part in parts[1:]:
            text = self.text(f"{part.split()[0]}.yaml.5")
            keys = re.findall(r"(?m)^\| `([^`]+)`", part)
            self.assertGreater(len(keys), 20)
            for key in keys:
                self.assertIn(key, text)

    def test_what_is_not_built_is_told(self):
        done = subprocess.run([sys.executable, harness.SOURCE / "tools" / "man", "--build-dir",
                               self.folder / "nowhere", self.folder], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("man: no dnsd, reporter", done.stderr)


if __name__ == "__main__":
    harness.main()

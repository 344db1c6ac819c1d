"""/metrics as Prometheus takes it, and what tools/grafana makes of it."""
import json
import re
import signal
import socket
import subprocess

import dnswire
import harness
from controlled import ZONE, A, B

LONG = 30 * harness.PATIENCE
GRAFANA = harness.SOURCE / "tools" / "grafana"
RULES = GRAFANA / "alerts.yml"
# A name that can be one of ours, as it stands in an expression.
METRIC = re.compile(r"\b(?:dnsd|process)_[a-z0-9_]+\b")


def promtool(*arguments, cwd=None, text=None):
    """What promtool says; fails unless it is content."""
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, text=True, cwd=cwd,
                          capture_output=True, timeout=60 * harness.PATIENCE, check=False)
    said = done.stdout + done.stderr
    if done.returncode != 0:
        raise AssertionError(f"promtool {' '.join(map(str, arguments))}: {said}")
    return said


def parse(text):
    """Metrics as {name: {labels as written: value}}."""
    metrics = {}
    for line in text.splitlines():
        match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if match:
            metrics.setdefault(match[1], {})[match[2] or ""] = float(match[3])
    return metrics


def families(text):
    """Names that # TYPE lines tell, and those of their histograms' series."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE):
        names.add(name)
        if kind == "histogram":
            names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
    return names


def expressions(panel):
    yield from (target["expr"] for target in panel.get("targets", []))
    for inner in panel.get("panels", []):
        yield from expressions(inner)


class Metrics(harness.TestCase):
    def fleet(self):
        dnsd = self.dnsd(zone=ZONE)
        self.reporter(dnsd, "web1", A)
        self.reporter(dnsd, "web2", B)
        dnsd.wait_heard("web1", "web2")
        return dnsd

    def test_counts_what_was_asked_and_answered(self):
        dnsd = self.fleet()
        for _ in range(30):
            dnsd.ask("www.lb.example.", "A")
        dnsd.ask("www.lb.example.", "A", tcp=True)
        dnsd.ask("www.lb.example.", "HTTPS")
        dnsd.ask("no.lb.example.", "MX")

        def metrics():
            found = parse(dnsd.get("/metrics"))
            sites = found["dnsd_busy_site_answers_total"]
            nodes = sum(found["dnsd_answers_total"].values())  # of the control loop's last report
            shares = sum(found["dnsd_node_answer_share"].values())  # a second old at most
            is_told = sites.get('site="www.lb.example."') == nodes == 31 and shares > 0
            return found if is_told else None
        found = harness.wait_until(metrics, 10 * harness.PATIENCE, "31 answers of the site", dnsd)
        self.assertEqual(found["dnsd_queries_total"], {'transport="udp"': 32, 'transport="tcp"': 1})
        types = found["dnsd_queries_by_type_total"]
        self.assertEqual((types['qtype="A"'], types['qtype="HTTPS"'], types['qtype="MX"']),
                         (31, 1, 1))
        self.assertEqual(found["dnsd_responses_total"]['rcode="NXDOMAIN"'], 1)
        self.assertGreaterEqual(found["dnsd_response_seconds_count"][""], 1)
        members = found["dnsd_site_member_answers_total"]
        self.assertEqual(sum(members.values()), 31)
        of_nodes = {'site="www.lb.example.",member="%s"' % address:
                    found["dnsd_answers_total"]['node="%s"' % node]
                    for address, node in ((A, "web1"), (B, "web2"))}
        self.assertEqual(members, {k: v for k, v in of_nodes.items() if v > 0})
        self.assertAlmostEqual(sum(found["dnsd_node_answer_share"].values()), 1)
        self.assertEqual(found["dnsd_zone_serial"]['zone="lb.example."'], 7)
        self.assertGreater(found["process_resident_memory_bytes"][""], 1e6)

    def test_names_that_clients_make_up_are_no_labels(self):
        dnsd = self.dnsd(zone=ZONE + f"*.w 0 A {A}\n*.w 0 A {B}\n")
        for i in range(40):
            dnsd.ask(f"made-up-{i}.w.lb.example.", "A")

        def counted():
            return parse(dnsd.get("/metrics"))["dnsd_busy_site_answers_total"]
        harness.wait_until(lambda: counted().get('site="*.w.lb.example."') == 40, LONG,
                           "40 answers of the wildcard", dnsd)
        self.assertEqual(counted(), {'site="*.w.lb.example."': 40, 'site="other"': 0})

    def test_queries_that_the_kernel_drops_are_counted(self):
        dnsd = self.dnsd(zone=ZONE)
        query = dnswire.query("www.lb.example.", "A")
        sent = 0

        def drops():
            return parse(dnsd.get("/metrics"))["dnsd_udp_receive_drops_total"][""]
        self.assertEqual(drops(), 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            dnsd.signal(signal.SIGSTOP)
            try:
                # All come from one port, so they are one socket's, and are more than any buffer takes.
                for _ in range(60_000):
                    sent += client.sendto(query, dnsd.address) == len(query)
            finally:
                dnsd.signal(signal.SIGCONT)

            def all_are_told():
                found = parse(dnsd.get("/metrics"))
                read = found["dnsd_queries_total"]['transport="udp"']
                return read + found["dnsd_udp_receive_drops_total"][""] == sent
            harness.wait_until(all_are_told, LONG, f"{sent} queries are read or dropped", dnsd)
        self.assertGreater(drops(), 0)
        self.assertEqual(dnsd.status()["queries"]["udp_receive_drops"], drops())

    def test_promtool_finds_nothing_to_say_of_them(self):
        dnsd = self.fleet()
        dnsd.ask("www.lb.example.", "A")
        self.assertEqual(promtool("check", "metrics", text=dnsd.get("/metrics")), "")

    def test_rules_and_dashboard_name_metrics_that_there_are(self):
        there_are = families(self.fleet().get("/metrics"))
        dashboard = json.loads((GRAFANA / "dashboard.json").read_text())
        queries = [query for panel in dashboard["panels"] for query in expressions(panel)]
        rules = re.sub(r"(?m)^\s*#.*$", "", RULES.read_text())
        for source, text in (("alerts", rules), ("dashboard", "\n".join(queries))):
            named = set(METRIC.findall(text))
            self.assertGreater(len(named), 10, source)
            self.assertEqual(named - there_are, set(), source)

    def test_the_rules_are_sound_and_ring_when_they_should(self):
        self.assertIn("SUCCESS", promtool("check", "rules", RULES))
        self.assertIn("SUCCESS", promtool("test", "rules", "alerts_test.yml", cwd=GRAFANA))

    def test_panels_have_expressions_that_parse(self):
        dashboard = json.loads((GRAFANA / "dashboard.json").read_text())
        queries = [q for panel in dashboard["panels"] for q in expressions(panel)]
        rules = [f"  - record: dashboard:query{i}\n    expr: {json.dumps(q)}"
                 for i, q in enumerate(q.replace("$__rate_interval", "1m").replace("$instance", ".*")
                                       for q in queries)]
        path = self.write("rules.yml", "groups:\n- name: dashboard\n  rules:\n" + "\n".join(rules))
        self.assertIn(f"{len(queries)} rules found", promtool("check", "rules", path))


if __name__ == "__main__":
    harness.main()

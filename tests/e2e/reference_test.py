"""docs/configuration.md key by key: `check` takes a sample of each, and refuses a wrong value with
file and line. A key that is in the reference and not here, or the other way round, is a failure."""
import re

import harness

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   192.0.2.1
www     0 A   192.0.2.2
"""
PEMS = "certificate: one.pem, key: one.key"
# What else a key needs beside it, with @ for its value; in braces: a line for each of the keys (" \\0"
# is a comma that begins no line).
DNSD_FRAMES = {
    "zones": "zones: @",
    "sites[].cost_base": "sites: [{name: www.lb.example, cost: exponential, cost_base: @}]",
    "sites[].quota_every": "sites: [{name: www.lb.example, policy: quota, quota_every: @}]",
    "sites[].weights": "sites: [{name: www.lb.example, policy: weighted, weights: @}]",
    "sites[].weights_by": "sites: [{name: www.lb.example, policy: wlc, weights_by: @}]",
    "sites[].memory_per_connection":
        "sites: [{name: www.lb.example, policy: memory_weight, memory_per_connection: @}]",
    "sites[].memory_plus": "sites: [{name: www.lb.example, policy: memory_weight, memory_plus: @}]",
    "sites[].bound": "sites: [{name: www.lb.example, policy: hash, bound: @}]",
    "sites[].groups": "sites: [{name: www.lb.example, policy: failover, groups: @}]",
    "sites[].spill": "sites: [{name: www.lb.example, prefer: locality, spill: @}]",
    "heartbeat.reporters": "heartbeat: {listen: '127.0.0.1:0', reporters: @}",
    "heartbeat.tls": "heartbeat: {listen: '127.0.0.1:0', tls: @}",
    "control.listen": "control: {token_file: token, listen: @}",
    "control.tls": "control: {listen: '127.0.0.1:0', token_file: token, tls: @}",
    "control.token_file": "control: {listen: '127.0.0.1:0', token_file: @}",
    **{f"control.{key}": "control: {listen: '127.0.0.1:0', tls: {%s, client_ca: one.pem}, %s: @}"
                         % (PEMS, key) for key in ("names", "readers")},
    "placement.mode":
        "{heartbeat: {listen: '127.0.0.1:0'}, state_dir: state, placement: {mode: @}}",
    "placement.stale_for": "placement: {consistency: bounded, stale_for: @}",
    "query_log.sample": "query_log: {to: queries.log, sample: @}",
    **{f"dnstap.{key}": "dnstap: {file: tap.fstrm, %s: @}" % key
       for key in ("sample", "queries", "responses", "identity")},
    **{f"rate_limit.{key}": "rate_limit: {responses_per_second: 10, %s: @}" % key
       for key in ("referrals_per_second", "nodata_per_second", "nxdomains_per_second",
                   "errors_per_second", "all_per_second", "slip", "window", "ipv4_prefix",
                   "ipv6_prefix", "exempt", "entries", "dry_run")},
}
SHARE = ("0.5", "-1")  # a good value, and a wrong one
COUNT = ("10", "ten")
TIME = ("1m", "60")  # a duration has a unit
FLAG = ("false", "perhaps")
TEXT = ("one", "{a: 1}")
PREFIXES = ("[192.0.2.1, '2001:db8::/32']", "192.0.2.1/24")
DNSD = {
    "listen": ("'127.0.0.1:0'", "localhost"),
    "workers": ("2", "1025"),
    "zones": ("[{apex: lb.example, file: lb.zone}]", "[{apex: lb.example}]"),
    "site_defaults": ("{answers: 2}", "[1]"),
    "sites": ("[{name: [www.lb.example, '*.lb.example'], ttl: 5}]", "[{ttl: 5}]"),
    "sites[].policy": ("least_load", "fastest"),
    "sites[].cost": ("load", "money"),
    "sites[].cost_base": ("10", "1"),
    "sites[].smoothing": ("0.9", "1"),
    "sites[].quota_every": ("2", "0"),
    "sites[].weights": ("{192.0.2.1: 3, 192.0.2.0/24: 0.5}", "{192.0.2.1: heavy}"),
    "sites[].weights_by": ("cpus", "colour"),
    "sites[].memory_per_connection": ("5MB", "5m"),
    "sites[].memory_plus": ("3", "x"),
    "sites[].bound": ("0.5", "-1"),
    "sites[].groups": ("[{members: [192.0.2.1]}, {members: [192.0.2.2]}]", "[{members: [x]}]"),
    "sites[].order": ("locality", "best"),
    "sites[].answers": ("2", "101"),
    "sites[].answers_cached": ("2", "0"),
    "sites[].all_down": ("nodata", "panic"),
    "sites[].panic": ("0", "2"),
    "sites[].ttl": ("5s", "soon"),
    "sites[].margin": SHARE,
    "sites[].prefer": ("locality", "luck"),
    "sites[].spill": ("1", "11"),
    "subnets": ("[{clients: 10.0.0.0/8, order: [192.0.2.2]}]", "[{clients: 10.0.0.1/8}]"),
    "regions": ("[{name: eu, order: [us]}, {name: us, order: [eu]}]", "[{order: [eu]}]"),
    "nodes": ("[{name: web1, latitude: 52.5, longitude: 13.4, asn: 64500}]",
              "[{name: web1, latitude: 91, longitude: 0}]"),
    "locality.databases": (None, "none.mmdb"),  # good ones: locality_test.py
    "locality.rules": (None, "[{country: Germany, region: eu}]"),
    "locality.by_distance": FLAG,
    "client_subnet.from": PREFIXES,
    "client_subnet.ipv4": ("20", "33"),
    "client_subnet.ipv6": ("48", "129"),
    "locality.measured": FLAG,
    "locality.measured_max_age": ("10m", "25h"),
    "locality.measured_prefixes": ("1000", "999"),
    "locality.explore": ("0", "2"),
    "locality.measured_margin": ("10ms", "11s"),
    "heartbeat.listen": ("'127.0.0.1:0'", "'127.0.0.1'"),
    "heartbeat.insecure": FLAG,
    "heartbeat.tls": ("{%s, client_ca: one.pem}" % PEMS, "{certificate: one.pem}"),
    "heartbeat.reporters": ("[{token_file: token, nodes: [web1], addresses: 192.0.2.1}]",
                            "[{nodes: [web1]}]"),
    "heartbeat.suspect_after": ("2", "0.5"),
    "heartbeat.dead_after": ("5", "1001"),
    "heartbeat.warm_up": TIME,
    "heartbeat.restart_grace": TIME,
    "http.listen": ("'[::1]:0'", "80"),
    "http.busiest_sites": ("0", "501"),
    "http.hosts": ("[ns1.lb.example]", "{a: 1}"),
    "control.socket": ("control.sock", "s" * 200),
    "control.listen": ("'127.0.0.1:0'", "'192.0.2.1:0'"),
    "control.tls": ("{%s}" % PEMS, "{key: one.key}"),
    "control.token_file": ("token", "short"),
    "control.names": ("[admin, '*.ops.example']", "{a: 1}"),
    "control.readers": ("monitor", "[]"),
    "history.interval": ("30s", "30"),
    "history.keep": ("2d", "366d"),
    "history.samples": ("5000", "many"),
    "state_dir": ("state", "{a: 1}"),
    "edns_size": ("2KiB", "4097"),
    "nsid": ("0x6e7331", "0x6"),
    "chaos.version": TEXT,
    "chaos.identity": ("one", "x" * 256),
    "cookies.enabled": FLAG,
    "cookies.secret_file": ("secret", "token"),
    "tcp.clients": COUNT,
    "tcp.clients_per_prefix": COUNT,
    "tcp.ipv4_prefix": ("24", "33"),
    "tcp.ipv6_prefix": ("56", "8"),
    "tcp.idle": TIME,
    "tcp.transfer": ("2s", "2"),
    "rate_limit": ("{responses_per_second: 10}", "{slip: 1}"),
    "rate_limit.responses_per_second": COUNT,
    "rate_limit.referrals_per_second": COUNT,
    "rate_limit.nodata_per_second": COUNT,
    "rate_limit.nxdomains_per_second": COUNT,
    "rate_limit.errors_per_second": COUNT,
    "rate_limit.all_per_second": ("10", "-1"),
    "rate_limit.slip": ("0", "101"),
    "rate_limit.window": ("5s", "5"),
    "rate_limit.ipv4_prefix": ("20", "33"),
    "rate_limit.ipv6_prefix": ("48", "129"),
    "rate_limit.exempt": PREFIXES,
    "rate_limit.entries": ("1024", "1023"),
    "rate_limit.dry_run": ("true", "maybe"),
    "placement": ("{period: 10s}", "[auto]"),
    "placement.mode": ("plan", "sometimes"),
    "placement.period": ("10s", "10"),
    "placement.high": ("0.8", "1.5"),
    "placement.low": ("0.4", "0.9"),  # above high
    "placement.hold": TIME,
    "placement.contract": ("eager", "soon"),
    "placement.grace": TIME,
    "placement.repair_after": TIME,
    "placement.actions_per_minute": ("30", "0"),
    "placement.actions_per_node": ("2", "0"),
    "placement.transfers": ("4", "101"),
    "placement.copy_start": ("500ms", "2h"),
    "placement.task_limit": ("2h", "8d"),
    "placement.storage": ("naive", "wise"),
    "placement.spread": FLAG,
    "placement.updates": FLAG,
    "placement.verify_every": ("1h", "1"),
    "placement.least": ("3", "0"),
    "placement.most": ("3", "none"),
    "placement.consistency": ("current", "strong"),
    "placement.stale_for": TIME,
    "placement.sites": ("[{name: www.lb.example, least: 1}]", "[{least: 1}]"),
    "log.level": ("warning", "loud"),
    "log.to": ("journald", "{a: 1}"),
    "log.format": ("json", "xml"),
    "query_log.to": ("queries.log", "{a: 1}"),
    "query_log.sample": ("1/10", "10"),
    "dnstap.socket": ("tap.sock", "{a: 1}"),
    "dnstap.file": ("tap.fstrm", "{a: 1}"),
    "dnstap.sample": ("1", "2/3"),
    "dnstap.queries": FLAG,
    "dnstap.responses": FLAG,
    "dnstap.identity": TEXT,
    "include": ("conf.d/*.yaml", "none.yaml"),
}
HEALTH = ("interval", "timeout", "rise", "fall", "host", "status", "status_max")
REPORTER_FRAMES = {
    "site_health": "{sites: [www.example], site_health: @}",
    **{f"health.{key}": "health: {check: 'http://127.0.0.1/', %s: @}" % key for key in HEALTH},
    **{f"site_health.{key}":
       "{sites: [www.example], site_health: {check: 'http://127.0.0.1/' \0 %s: @}}" % key
       for key in HEALTH},
    "kernel_load": "{load_source: 'file:load.json', kernel_load: @}",
    **{f"statistics.{key}": "statistics: {kind: nginx, url: 'http://127.0.0.1/s', %s: @}" % key
       for key in ("interval", "timeout")},
    "access_logs.site": "access_logs: [{path: access.log, site: @}]",
    "latitude": "{latitude: @, longitude: 13.4}",
    "longitude": "{latitude: 52.5, longitude: @}",
    **{f"replicas.{key}":
       "{sites_dir: ., replicas: {instantiate: make \0 withdraw: drop \0 %s: @}}" % key
       for key in ("verify", "timeout", "retries", "at_once", "quota", "evict", "home",
                   "state_dir", "lazy", "fallback", "redirect")},
    "replicas": "{sites_dir: ., replicas: @}",
    "replicas.evict": "{sites_dir: ., replicas: {instantiate: make \0 withdraw: drop \0 "
                      "quota: 1GiB \0 evict: @}}",
    "replicas.instantiate": "{sites_dir: ., replicas: {withdraw: drop \0 instantiate: @}}",
    "replicas.withdraw": "{sites_dir: ., replicas: {instantiate: make \0 withdraw: @}}",
}
CHECKS = {"interval": ("500ms", "500"), "timeout": ("100ms", "never"), "rise": ("3", "0"),
          "fall": ("3", "101"), "host": ("www.example", "{a: 1}"), "status": ("204", "99"),
          "status_max": ("299", "600")}
REPORTER = {
    "node": ("web1", "{a: 1}"),
    "addresses": ("[192.0.2.1, '2001:db8::1']", "[web1]"),
    "dnsd": ("['127.0.0.1:7053']", "[7053]"),
    "region": ("eu", "a" * 64),
    "latitude": ("52.5", "91"),
    "longitude": ("13.4", "-181"),
    "asn": ("64500", "AS64500"),
    "interval": ("2s", "2"),
    "ports": ("[80, 8080]", "[http]"),
    "rtt": FLAG,
    "rtt_interval": ("10s", "10"),
    "rtt_any_address": FLAG,
    "load_source": ("'file:load.json'", "load.json"),
    "load_source_timeout": ("1s", "1"),
    "load_source_max_age": ("10s", "25h"),
    "kernel_load": FLAG,
    "cgroup": ("none", "{a: 1}"),
    "sites": ("[www.example]", "['a..b']"),
    "hosted": ("[{name: www.example, version: 7, bytes: 1000}]", "[{version: 7}]"),
    "sites_dir": (".", "{a: 1}"),
    "health": ("{check: 'tcp:127.0.0.1:80'}", "{interval: 1s}"),
    "site_health": ("{check: 'http://{site}/'}", "{check: 'ftp://x'}"),
    **{f"{which}.{key}": CHECKS[key] for which in ("health", "site_health") for key in CHECKS},
    "statistics": ("{kind: haproxy, socket: /run/haproxy.sock}", "{kind: iis}"),
    "statistics.interval": ("500ms", "61s"),
    "statistics.timeout": ("100ms", "100"),
    "access_logs": ("[{path: 'logs/{site}.log', format: combined}]", "[{format: common}]"),
    "access_logs.site": ("www.example", "a..b"),
    "server": ("{process: nginx}", "{process: nginx, pid_file: nginx.pid}"),
    "token_file": ("token", "short"),
    "tls": ("{ca: one.pem, server_name: ns1.lb.example}", "{ca: none.pem}"),
    "insecure": FLAG,
    "replicas": ("{instantiate: make, withdraw: drop}".replace(", ", " \0 "), "{verify: look}"),
    "replicas.instantiate": TEXT,
    "replicas.withdraw": TEXT,
    "replicas.verify": TEXT,
    "replicas.timeout": ("1m", "60"),
    "replicas.retries": ("0", "-1"),
    "replicas.at_once": ("4", "101"),
    "replicas.quota": ("500MiB", "500Mi"),
    "replicas.evict": FLAG,
    "replicas.home": ("['*.home.example']", "'a..b'"),
    "replicas.state_dir": ("state", "{a: 1}"),
    "replicas.lazy": FLAG,
    "replicas.fallback": (None, "{a: 1}"),
    "replicas.redirect": (None, "{a: 1}"),
    "log.level": ("debug", "loud"),
    "log.to": ("reporter.log", "{a: 1}"),
    "log.format": ("json", "xml"),
}


def keys_of(part):
    """The keys in the first column of a part's table; "….x" belongs to the maps of the row, or rows,
    that open a map before it."""
    keys, maps = [], []
    for row in re.findall(r"(?m)^\| (`[^|]*`) \|", part):
        names = re.findall(r"`([^`]+)`", row)
        for i, name in enumerate(names):
            if name.startswith("…."):
                keys += [f"{above}.{name[2:]}" for above in maps]
            elif name.startswith("."):
                keys.append(names[0].rsplit(".", 1)[0] + name)
            else:
                keys.append(name)
        if not names[0].startswith("…"):
            maps = [names[0].split(".")[0]]
            if maps == ["site_health"]:
                maps = ["health", "site_health"]
    return keys


def line_of(key, value, frames):
    """One line of YAML that has `value` at `key`."""
    if key in frames:
        text = frames[key].replace("@", value)
        return text[1:-1].replace(", ", "\n").replace(" \0", ",") if text.startswith("{") else text
    if key.startswith("sites[]."):
        return "sites: [{name: www.lb.example, %s: %s}]" % (key[8:], value)
    above, _, name = key.rpartition(".")
    return "%s: {%s: %s}" % (above, name, value) if above else f"{name}: {value}"


class Reference(harness.TestCase):
    BASES = {"dnsd": {"listen": "['127.0.0.1:0']", "zones": "[{apex: lb.example, file: lb.zone}]"},
             "reporter": {"node": "web1", "addresses": "[192.0.2.1]", "dnsd": "['127.0.0.1:7053']"}}

    def setUp(self):
        super().setUp()
        self.write("lb.zone", ZONE)
        for name in ("one.pem", "one.key"):
            self.write(name, "not looked into\n")
        self.write("token", "correct horse battery\n")
        self.write("short", "horse\n")
        self.write("secret", "00112233445566778899aabbccddeeff\n").chmod(0o600)

    def check(self, program, line):
        """What `check` says of `line` between all that is required, its status, and the line's
        number."""
        key = line.split(":")[0]
        lines = [f"{name}: {value}" for name, value in self.BASES[program].items() if name != key]
        path = self.write(f"{program}.yaml", "\n".join([*lines, line]) + "\n")
        done = self.run_program(program, "check", "--config", path)
        return done.returncode, done.stdout + done.stderr, f"{path}:{len(lines) + 1}: "

    def check_all(self, program, samples, frames):
        part = next(part for part in (harness.SOURCE / "docs" / "configuration.md").read_text()
                    .split("\n## ") if part.startswith(program + "\n"))
        self.assertEqual(sorted(set(keys_of(part))), sorted(samples))
        for key, (good, wrong) in samples.items():
            with self.subTest(key):
                if good is not None:
                    status, said, _ = self.check(program, line_of(key, good, frames))
                    self.assertEqual(status, 0, said)
                line = line_of(key, wrong, frames)
                status, said, place = self.check(program, line)
                self.assertEqual(status, 1, said)
                place = place.rsplit(":", 2)[0]
                first = len(self.BASES[program]) - (line.split(":")[0] in self.BASES[program]) + 1
                places = [f"{place}:{first + i}: " for i in range(line.count("\n") + 1)]
                self.assertTrue(any(each in said for each in places), said)

    def test_each_key_of_dnsd(self):
        self.check_all("dnsd", DNSD, DNSD_FRAMES)

    def test_each_key_of_reporter(self):
        self.check_all("reporter", REPORTER, REPORTER_FRAMES)

    def test_a_key_that_is_in_no_reference_is_refused(self):
        for program in self.BASES:
            status, said, place = self.check(program, "intervall: 1s")
            self.assertEqual(status, 1)
            self.assertIn(place, said)


if __name__ == "__main__":
    harness.main()

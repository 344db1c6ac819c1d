"""Answers by where the client is: regions and places from the configuration, reporters and MaxMind
databases, and locality shared with load. The databases are written by Debian's Perl library."""
import json
import pathlib
import shutil
import signal
import subprocess

import harness
from dnswire import opt_record, subnet_option

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   192.0.2.1
www     0 A   198.51.100.2
www     0 A   203.0.113.3
"""
BERLIN, PARIS, BOSTON = "192.0.2.1", "198.51.100.2", "203.0.113.3"
PLACES = f"""nodes:
  - {{addresses: {BERLIN}, region: eu, latitude: 52.52, longitude: 13.40}}
  - {{addresses: {PARIS}, region: eu, latitude: 48.86, longitude: 2.35}}
  - {{addresses: {BOSTON}, region: us, latitude: 42.36, longitude: -71.06}}
regions: [{{name: eu}}, {{name: us}}]
"""
FAST = "heartbeat: {warm_up: 0s}\n"
IDLE, BUSY = {"cpu_utilization": 0.05}, {"cpu_utilization": 0.95}

WRITER = r"""
use strict; use warnings; use JSON::PP; use MaxMind::DB::Writer::Tree;
my ($file, $networks) = @ARGV;
my %types = (continent => 'map', code => 'utf8_string', country => 'map', iso_code => 'utf8_string',
             location => 'map', latitude => 'double', longitude => 'double',
             autonomous_system_number => 'uint32');
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version => 6, record_size => 28, database_type => 'Test-City', languages => ['en'],
    description => {en => 'test'}, remove_reserved_networks => 0,
    map_key_type_callback => sub { $types{$_[0]} });
my $all = decode_json($networks);
$tree->insert_network($_, $all->{$_}) for sort keys %$all;
open my $out, '>:raw', $file or die $!;
$tree->write_tree($out);
"""


def city(continent, country, latitude, longitude):
    return {"continent": {"code": continent}, "country": {"iso_code": country},
            "location": {"latitude": latitude, "longitude": longitude}}


CITIES = {"10.1.0.0/16": city("EU", "FR", 45.76, 4.84),      # Lyon
          "10.2.0.0/16": city("NA", "US", 40.71, -74.01),    # New York
          "10.3.0.0/16": city("EU", "PL", 52.23, 21.01),     # Warsaw
          "2001:db8:1::/48": city("NA", "US", 40.71, -74.01)}


class Locality(harness.TestCase):
    def order(self, server, client, length=24):
        """All addresses, as they come for clients of a subnet."""
        return server.answers("www.lb.example",
                              edns=opt_record(options=[subnet_option(client, length)]))

    def first(self, server, client, count=20):
        return {self.order(server, client)[0] for _ in range(count)}

    def database(self, networks, name="city.mmdb"):
        perl = shutil.which("perl")
        run = lambda *what: subprocess.run([perl, *what], text=True, capture_output=True, check=False)
        if perl is None or run("-MMaxMind::DB::Writer::Tree", "-e", "1").returncode:
            self.skipTest("libmaxmind-db-writer-perl is not installed")
        path = pathlib.Path(self.folder) / name
        done = run("-e", WRITER, str(path), json.dumps(networks))
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def run_check(self, config):
        zone = self.write("lb.zone", ZONE)
        path = self.write("dnsd.yaml", config)
        done = self.run_program("dnsd", "check", "--config", path, "--listen", "127.0.0.1:0",
                                "--zone", f"lb.example={zone}")
        return done.returncode, (done.stdout + done.stderr).replace(str(path), "dnsd.yaml")

    def test_subnets_name_a_region_and_regions_an_order(self):
        server = self.dnsd(zone=ZONE, config=PLACES.replace("{name: us}", "{name: us, order: [us, eu]}")
                           + "subnets:\n  - {clients: 10.1.0.0/16, region: eu}\n"
                             "  - {clients: 10.2.0.0/16, region: us}\n")
        self.assertEqual(self.order(server, "10.1.7.0")[2], BOSTON)
        self.assertEqual(self.order(server, "10.2.7.0")[0], BOSTON)

    def test_a_database_gives_distances(self):
        path = self.database(CITIES)
        server = self.dnsd(zone=ZONE, config=PLACES +
                           f"locality: {{databases: {path}, by_distance: true}}\n")
        self.assertEqual(self.order(server, "10.1.7.0"), [PARIS, BERLIN, BOSTON])
        self.assertEqual(self.order(server, "10.2.7.0"), [BOSTON, PARIS, BERLIN])
        self.assertEqual(self.order(server, "10.3.7.0"), [BERLIN, PARIS, BOSTON])
        self.assertEqual(self.order(server, "2001:db8:1:7::", 56), [BOSTON, PARIS, BERLIN])

    def test_rules_make_regions_of_countries(self):
        path = self.database(CITIES)
        server = self.dnsd(zone=ZONE, config=PLACES +
                           f"locality:\n  databases: {path}\n  rules:\n"
                           "    - {country: PL, region: us}\n    - {continent: EU, region: eu}\n")
        self.assertEqual(self.order(server, "10.3.7.0")[0], BOSTON, "the first rule that holds")
        self.assertEqual(self.order(server, "10.1.7.0")[2], BOSTON)

    def test_a_truncated_database_is_told_with_its_line(self):
        path = self.database(CITIES)
        path.write_bytes(path.read_bytes()[:200])
        code, said = self.run_check(f"\nlocality: {{databases: {path}, by_distance: true}}\n")
        self.assertEqual(code, 1)
        self.assertIn(f"dnsd.yaml:2: key 'databases': found '{path}', wanted a whole MaxMind", said)

    def test_a_region_that_is_not_there_is_told_with_its_line(self):
        code, said = self.run_check("regions: [{name: eu}]\n"
                                    "subnets: [{clients: 10.0.0.0/8, region: eurpoe}]\n")
        self.assertEqual(code, 1)
        self.assertIn("dnsd.yaml:2: found region 'eurpoe', wanted one of 'regions': eu", said)

    def test_a_database_replaced_or_shortened_while_in_use_is_harmless(self):
        path = self.database(CITIES)
        server = self.dnsd(zone=ZONE, config=PLACES +
                           f"locality: {{databases: {path}, by_distance: true}}\n")
        self.assertEqual(self.order(server, "10.2.7.0")[0], BOSTON)
        whole = path.read_bytes()
        path.write_bytes(whole[:100])  # in place: a mapping of it would end at once
        self.assertEqual(self.order(server, "10.2.7.0")[0], BOSTON)
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: server.status()["reload"]["failed"] == 1, 10 * harness.PATIENCE,
                           "the reload fails", server)
        self.assertEqual(self.order(server, "10.2.7.0")[0], BOSTON, "the old one goes on")
        self.database({"10.2.0.0/16": city("EU", "DE", 52.5, 13.4)})
        server.signal(signal.SIGHUP)
        harness.wait_until(lambda: self.order(server, "10.2.7.0")[0] == BERLIN,
                           10 * harness.PATIENCE, "the new one counts", server)

    def fleet(self, config, loads):
        server = self.dnsd(zone=ZONE, config=FAST + "regions: [{name: eu}, {name: us}]\n" + config)
        reporters = [self.reporter(server, node, address, load=load, arguments=["--region", region])
                     for node, address, region, load in zip(
                         ("berlin", "paris", "boston"), (BERLIN, PARIS, BOSTON),
                         ("eu", "eu", "us"), loads)]
        server.wait_heard("berlin", "paris", "boston")
        return server, reporters

    def test_reporters_say_their_region_and_load_spills_and_comes_back(self):
        server, reporters = self.fleet(
            "site_defaults: {prefer: locality}\n"
            "subnets: [{clients: 10.2.0.0/16, region: us}]\n", (IDLE, IDLE, IDLE))
        patience = 10 * harness.PATIENCE
        harness.wait_until(lambda: self.first(server, "10.2.7.0") == {BOSTON}, patience,
                           "the nearest answers", server)
        reporters[2].set_load(**BUSY)
        harness.wait_until(lambda: self.first(server, "10.2.7.0", 40) >= {BERLIN, PARIS}, patience,
                           "load spills", server)
        reporters[2].set_load(**IDLE)
        harness.wait_until(lambda: self.first(server, "10.2.7.0") == {BOSTON}, 3 * patience,
                           "traffic comes back", server)


if __name__ == "__main__":
    harness.main()

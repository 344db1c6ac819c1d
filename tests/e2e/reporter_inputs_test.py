"""What the reporter learns from real web servers: their statistics, their access logs, their memory
and the time they take. nginx, Apache and HAProxy run in the foreground, each on a port of loopback,
with a configuration of the test's own."""
import http.client
import http.server
import os
import pathlib
import shutil
import signal
import socket
import threading
import time
import unittest

import harness

PATIENCE = harness.PATIENCE
ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www     0 A   127.0.1.1
www     0 A   127.0.1.2
"""

NGINX = """daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
  log_format vhost_combined '$host:$server_port $remote_addr - $remote_user [$time_local] '
                            '"$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port};
    access_log {folder}/access.log vhost_combined;
    location / {{ return 200 "hello"; }}
    location /broken {{ return 500; }}
    location /status {{ stub_status; access_log off; }}
  }}
}}
"""
APACHE = """ServerRoot {folder}
PidFile {folder}/apache.pid
Mutex file:{folder}
Listen 127.0.0.1:{port}
ServerName localhost
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule status_module {modules}/mod_status.so
DocumentRoot {folder}
ErrorLog {folder}/apache-error.log
LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" vhost_combined
CustomLog {folder}/apache.log vhost_combined
ThreadsPerChild 4
MaxRequestWorkers 8
StartServers 1
ExtendedStatus On
<Location /server-status>
SetHandler server-status
</Location>
"""
HAPROXY = """global
  stats socket {folder}/haproxy.sock mode 600 level user
  maxconn 100
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:{port}
  default_backend app
backend app
  server nginx 127.0.0.1:{behind}
frontend pages
  bind 127.0.0.1:{pages}
  stats enable
  stats uri /stats
"""


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def wants(*names):
    missing = [name for name in names if not program(name)]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


class Traffic:
    """Requests one after another, about fifty a second, until it is stopped."""

    def __init__(self, port, path="/", host="www.lb.example"):
        self.port, self.path, self.host = port, path, host
        self.going = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.going:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", self.path, headers={"Host": self.host})
                connection.getresponse().read()
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.02)

    def stop(self):
        self.going = False
        self.thread.join()


class ReporterInputs(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)  # Apache's workers are nobody's
        self.server = self.dnsd(zone=ZONE)

    def web_server(self, name, template, *arguments, **values):
        port = harness.free_port()
        config = self.write(f"{name}.conf", template.format(folder=self.folder, port=port, **values))
        command = [program(name), *arguments, config]
        process = self.start(harness.Process(name, command))
        process.may_fail = True  # HAProxy ends with the signal's number

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        harness.wait_until(listens, 10 * PATIENCE, f"{name} listens", process)
        return process, port

    def nginx(self):
        user = "user root;" if os.geteuid() == 0 else ""
        return self.web_server("nginx", NGINX, "-p", self.folder, "-c", user=user)

    def traffic(self, *arguments, **options):
        traffic = Traffic(*arguments, **options)
        self.addCleanup(traffic.stop)
        return traffic

    def reporter_with(self, configuration, *arguments):
        path = self.write("reporter.yaml", configuration)
        return self.reporter(self.server, "n1", "127.0.1.1",
                             arguments=["--config", path, *arguments])

    def node(self):
        return next((n for n in self.server.status()["nodes"] if n["name"] == "n1"), {})

    def load(self):
        return self.node().get("load", {})

    def demand(self):
        """Requests a second of each site that dnsd shows as busy."""
        busiest = self.node().get("demand", {}).get("busiest", [])
        return {site["site"]: site["rps"] for site in busiest}

    def wait_load(self, holds, what):
        try:
            return harness.wait_until(lambda: holds(self.load()), 15 * PATIENCE, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; last load: {self.load()}") from None

    def busy_then_idle(self, traffic, what):
        """Its rate shows while there is traffic, and 0 after it: our own questions do not count."""
        self.wait_load(lambda load: load.get("rps", 0) > 5, f"{what} has requests")
        traffic.stop()
        self.wait_load(lambda load: load.get("rps") == 0 and load.get("sps", 0) == 0,
                       f"{what} is idle")

    @wants("nginx")
    def test_nginx_tells_of_its_requests_and_connections(self):
        nginx, port = self.nginx()
        reporter = self.reporter_with(
            f"statistics: {{kind: nginx, url: 'http://127.0.0.1:{port}/status', interval: 200ms}}\n"
            "server: {pid_file: nginx.pid}\n")
        self.busy_then_idle(self.traffic(port), "nginx")
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        self.wait_load(lambda load: load.get("connections") == 3, "three clients are connected")
        self.wait_load(lambda load: load.get("memory_per_connection_bytes", 0) > 1000,
                       "what they take is known")
        for client in clients:
            client.close()
        nginx.stop()
        harness.wait_until(lambda: "Connection refused" in reporter.log(), 10 * PATIENCE,
                           "the reporter tells of it", reporter)
        time.sleep(1)
        self.assertEqual(reporter.log().count("Connection refused"), 1, reporter.log())
        self.assertEqual(self.server.states()["n1"], "alive")

    @wants("apache2")
    def test_apache_tells_of_its_workers_and_of_the_time_it_takes(self):
        _, port = self.web_server("apache2", APACHE, "-DFOREGROUND", "-f",
                                  modules="/usr/lib/apache2/modules")
        self.reporter_with(f"statistics: {{kind: apache, interval: 200ms,\n"
                           f"  url: 'http://127.0.0.1:{port}/server-status'}}\n"
                           "access_logs: {path: apache.log, format: vhost_combined}\n")
        traffic = self.traffic(port)
        self.wait_load(lambda load: 0 <= load.get("process_time_seconds", -1) < 1,
                       "the time a request takes is known")
        self.wait_load(lambda load: load.get("workers") == 8, "it may have eight workers")
        harness.wait_until(lambda: self.demand().get("localhost.", 0) > 5, 10 * PATIENCE,
                           "its log names its site")
        self.busy_then_idle(traffic, "Apache")

    @wants("haproxy", "nginx")
    def test_haproxy_tells_over_its_socket_and_over_http(self):
        _, behind = self.nginx()
        pages = harness.free_port()
        _, port = self.web_server("haproxy", HAPROXY, "-db", "-f", behind=behind, pages=pages)
        for place in (f"socket: {self.folder}/haproxy.sock",
                      f"url: 'http://127.0.0.1:{pages}/stats'"):
            with self.subTest(place):
                reporter = self.reporter_with(
                    f"statistics: {{kind: haproxy, interval: 200ms, {place}}}\n")
                traffic = self.traffic(port, "/broken")
                self.wait_load(lambda load: load.get("eps", 0) > 5, "it answers with errors")
                self.assertIn("process_time_seconds", self.load())
                self.busy_then_idle(traffic, "HAProxy")
                reporter.stop()

    @wants("nginx")
    def test_an_access_log_tells_what_is_asked_of_each_site(self):
        nginx, port = self.nginx()
        log = self.folder / "access.log"
        self.reporter_with(f"access_logs: {{path: {log}, format: vhost_combined}}\n")
        self.traffic(port)
        self.traffic(port)
        self.traffic(port, "/broken", "shop.lb.example")

        def both():
            demand = self.demand()
            return demand.get("shop.lb.example.", 0) > 2 and demand.get("www.lb.example.", 0) > 5
        harness.wait_until(both, 15 * PATIENCE, f"both sites have demand: {self.demand()}")
        self.wait_load(lambda load: load.get("eps", 0) > 2 and load["rps"] > load["eps"],
                       "the node has requests and errors")
        shop = next(s for s in self.node()["demand"]["busiest"] if s["site"].startswith("shop"))
        self.assertAlmostEqual(shop["eps"], shop["rps"], delta=0.01)

        # Rotated: renamed, and created anew when nginx is told.
        log.rename(self.folder / "access.log.1")
        nginx.signal(signal.SIGUSR1)
        harness.wait_until(log.exists, 10 * PATIENCE, "nginx has a new log", nginx)
        after_rename = self.traffic(port, host="renamed.lb.example")
        harness.wait_until(lambda: self.demand().get("renamed.lb.example.", 0) > 2, 15 * PATIENCE,
                           "the new log is followed")
        # Rotated: copied and cut short.
        shutil.copy(log, self.folder / "access.log.2")
        os.truncate(log, 0)
        self.traffic(port, host="truncated.lb.example")
        harness.wait_until(lambda: self.demand().get("truncated.lb.example.", 0) > 2,
                           15 * PATIENCE, "the log that was cut is followed")
        after_rename.stop()
        harness.wait_until(lambda: "renamed.lb.example." not in self.demand(), 30 * PATIENCE,
                           "a site that nobody asks for any more is gone")

    def test_a_log_of_each_site_names_it_in_its_path(self):
        line = '::1 - - [22/Nov/2026:02:06:22 +0000] "GET / HTTP/1.1" 200 1000\n'
        for site in ("www.lb.example", "not.hosted.example"):
            self.write(f"logs/{site}.access.log", "")
        self.reporter_with("access_logs: {path: 'logs/{site}.access.log'}\n", "--sites",
                           "www.lb.example", "new.lb.example")

        def grow():
            for file in (self.folder / "logs").iterdir():
                with file.open("a") as out:
                    out.write(line * 10)
            return self.demand().get("www.lb.example.", 0) > 2
        harness.wait_until(grow, 15 * PATIENCE, "the site has demand")
        self.assertNotIn("not.hosted.example.", self.demand())
        self.write("logs/new.lb.example.access.log", "")
        harness.wait_until(lambda: grow() and self.demand().get("new.lb.example.", 0) > 2,
                           30 * PATIENCE, "a log that is new is found")

    def test_a_restarted_dnsd_is_told_the_demand_again(self):
        log = self.write("a.log", "")
        line = 'www.lb.example ::1 - - [x] "GET / HTTP/1.1" 200 1000\n'
        self.server.kill()
        port = harness.free_port()
        self.server = self.dnsd("--heartbeat-listen", f"127.0.0.1:{port}", zone=ZONE)
        self.reporter_with(f"access_logs: {{path: {log}, format: vhost_common}}\n")

        def grow():
            with pathlib.Path(log).open("a") as out:
                out.write(line)
            return self.demand().get("www.lb.example.", 0) > 2
        harness.wait_until(grow, 15 * PATIENCE, "the site has demand")
        self.server.stop()
        self.server = self.dnsd("--heartbeat-listen", f"127.0.0.1:{port}", zone=ZONE)
        harness.wait_until(grow, 15 * PATIENCE, "the site has demand again")

    def test_a_health_check_tells_how_long_a_request_takes(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                time.sleep(0.1)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass
        web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(web.server_close)
        self.addCleanup(web.shutdown)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        self.reporter_with(f"health: {{check: 'http://127.0.0.1:{web.server_port}/', "
                           "interval: 200ms, timeout: 5s}\n")
        self.wait_load(lambda load: load.get("process_time_seconds", 0) >= 0.1,
                       "a request takes a tenth of a second")


if __name__ == "__main__":
    harness.main()

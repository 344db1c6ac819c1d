"""Health checks of the reporter against real servers: a sick node or site is not answered."""
import http.server
import socket
import threading

import harness

NODES = {"n1": "127.0.1.1", "n2": "127.0.1.2"}
HEAD = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
"""
ZONE = HEAD + "".join(f"{name} 0 A {a}\n" for name in ("www", "api") for a in NODES.values())
# Turns make every answering node show, whatever its cost.
CONFIG = "heartbeat: {warm_up: 0s}\nsite_defaults: {policy: round_robin}\n"
CHECK = "{{check: '{check}', interval: 100ms, timeout: 500ms, rise: 2, fall: 2}}"


class WebServer:
    """A web server in a thread; `status` is the answer's, for the hosts of `sick` 500."""

    def __init__(self, address):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                sick = self.headers.get("Host", "").split(":")[0] in owner.sick
                self.send_response(500 if sick else owner.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.status, self.sick = 200, set()
        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.port = self.server.server_port
        self.open = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        if self.open:
            self.open = False
            self.server.shutdown()
            self.server.server_close()


class Health(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.dnsd(zone=ZONE, config=CONFIG)
        self.web = WebServer("127.0.1.1")
        self.addCleanup(self.web.close)

    def fleet(self, n1_configuration, *sites):
        """n1 with this configuration beside n2, which has no checks; once both answer."""
        path = self.write("n1.yaml", n1_configuration)
        arguments = ["--config", path] + (["--sites", *sites] if sites else [])
        n1 = self.reporter(self.server, "n1", "127.0.1.1", arguments=arguments)
        self.reporter(self.server, "n2", "127.0.1.2")
        self.server.wait_heard(*NODES)
        self.both()
        return n1

    def both(self, site="www"):
        self.server.wait_for(f"{site}.lb.example", NODES.values(), seconds=10)

    def n2_alone(self, site="www"):
        self.server.wait_for(f"{site}.lb.example", ["127.0.1.2"], seconds=10)

    def check(self, what):
        return CHECK.format(check=what)

    def test_a_web_server_that_stops_takes_its_node_out(self):
        self.fleet(f"health: {self.check(f'http://127.0.1.1:{self.web.port}/')}\n")
        self.web.close()
        self.n2_alone()
        self.server.wait_states(n1="unhealthy", n2="alive")

    def test_a_web_server_that_says_500_takes_its_node_out_until_it_recovers(self):
        self.fleet(f"health: {self.check(f'http://127.0.1.1:{self.web.port}/')}\n")
        self.web.status = 500
        self.n2_alone()
        self.web.status = 200
        self.both()

    def test_a_port_that_closes_takes_its_node_out(self):
        with socket.create_server(("127.0.1.1", 0)) as listener:
            self.fleet(f"health: {self.check(f'tcp:127.0.1.1:{listener.getsockname()[1]}')}\n")
        self.n2_alone()

    def test_a_command_that_fails_takes_its_node_out_until_it_succeeds(self):
        flag = self.write("fine", "")
        self.fleet(f"health: {self.check(f'exec:test -e {flag}')}\n")
        flag.unlink()
        self.n2_alone()
        flag.touch()
        self.both()

    def test_a_sick_site_is_lost_on_its_node_alone(self):
        self.fleet(f"site_health: {self.check(f'http://{{site}}:{self.web.port}/')}\n",
                   "www.lb.example", "api.lb.example")
        self.both("api")
        self.web.sick = {"www.lb.example"}
        self.n2_alone("www")
        self.both("api")
        self.web.sick = set()
        self.both("www")


if __name__ == "__main__":
    harness.main()

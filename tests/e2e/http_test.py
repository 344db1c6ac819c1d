"""The HTTP port under clients that mean no good: the page and the metrics stay within reach, and no
query is harmed."""
import json
import re
import select
import socket
import time

import harness
from controlled import ZONE, A, B

LISTENERS = 16
STREAM = b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(dnsd, request=b"", room=None):
    """A connection that has sent `request`; `room`: octets of its receive buffer."""
    client = socket.socket()
    client.settimeout(30 * harness.PATIENCE)
    if room is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.connect(dnsd.http)
    client.sendall(request)
    return client


def is_closed(client):
    """Whether the other side has closed; reads nothing."""
    ready, _, _ = select.select([client], [], [], 0)
    if not ready:
        return False
    try:
        return client.recv(1, socket.MSG_PEEK) == b""
    except ConnectionError:
        return True


def head(client):
    """The response's first line and headers."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = client.recv(1)
        if not part:
            break
        got += part
    return got.decode()


class Http(harness.TestCase):
    def start_one(self):
        dnsd = self.dnsd(zone=ZONE)
        self.reporter(dnsd, "web1", A)
        dnsd.wait_states(web1="alive")
        return dnsd

    def keep(self, client):
        self.addCleanup(client.close)
        return client

    def assert_well(self, dnsd):
        """Queries are answered, and so is the HTTP port."""
        self.assertEqual(len(dnsd.answers("www.lb.example.")), 1)

        def served():
            try:
                return dnsd.get("/healthz") == "ok\n" and "dnsd_build_info" in dnsd.get("/metrics")
            except OSError:
                return False
        harness.wait_until(served, 30 * harness.PATIENCE, "the HTTP port answers", dnsd)

    def events(self, dnsd, path, count):
        """The first `count` events of a stream as (name, data)."""
        client = self.keep(connect(dnsd, f"GET {path} HTTP/1.0\r\n\r\n".encode()))
        text, found = "", []
        while len(found) < count:
            part = client.recv(65536)
            self.assertTrue(part, text)
            text += part.decode()
            found = re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)
        return [(name, json.loads(data)) for name, data in found[:count]]

    def test_the_page_and_all_it_needs_are_here(self):
        dnsd = self.start_one()
        page = dnsd.get("/")
        self.assertIn("<title>dnsd</title>", page)
        self.assertEqual(re.findall(r"https?://", page), [])
        wanted = set(re.findall(r'(?:href|src)="(/[\w.]+)"', page))
        self.assertIn("/page.js", wanted)
        for script in list(wanted):
            if script.endswith(".js"):
                wanted |= set(re.findall(r'from "(/\w+\.js)"', dnsd.get(script)))
        self.assertGreater(len(wanted), 8)
        for path in wanted:
            self.assertTrue(dnsd.get(path), path)

    def test_headers_keep_a_browser_honest(self):
        dnsd = self.start_one()
        for request in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", STREAM):
            said = head(self.keep(connect(dnsd, request)))
            self.assertIn("200 OK", said)
            policy = re.search(r"Content-Security-Policy: (.*)\r", said)[1]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertIn("X-Content-Type-Options: nosniff", said)

    def test_the_stream_asks_for_an_honest_host_and_method(self):
        dnsd = self.start_one()
        for request, status in ((STREAM.replace(b"localhost", b"evil.example"), "403"),
                                (STREAM.replace(b"GET", b"POST"), "405"),
                                (STREAM.replace(b"GET", b"HEAD"), "200"),
                                (STREAM.replace(b"stream", b"stream?nodes=" + b"x" * 300), "400"),
                                (STREAM.replace(b"stream", b"stream?nodes=%zz"), "200")):
            self.assertEqual(head(self.keep(connect(dnsd, request))).split()[1], status, request)

    def test_a_browser_fetches_nothing_but_the_page_for_another_web_site(self):
        dnsd = self.start_one()

        def status(path, site):
            asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: {site}\r\n\r\n"
            return head(self.keep(connect(dnsd, asked.encode()))).split()[1]
        for path in ("/metrics", "/status.json", "/stream", "/sites.json", "/page.js"):
            self.assertEqual(status(path, "cross-site"), "403", path)
            self.assertEqual(status(path, "same-origin"), "200", path)
        self.assertEqual(status("/", "cross-site"), "200")

    def test_pages_that_take_long_are_here_as_well(self):
        dnsd = self.start_one()
        sites = json.loads(dnsd.get("/sites.json?pattern=www*"))["sites"]
        self.assertEqual([s["name"] for s in sites], ["www.lb.example."])
        for request, expected in ((b"GET /history.json?of=web1 HTTP/1.1\r\n", "503"),  # none is kept
                                  (b"GET /history.json?seconds=x HTTP/1.1\r\n", "400"),
                                  (b"HEAD /sites.json HTTP/1.1\r\n", "200"),
                                  (b"POST /sites.json HTTP/1.1\r\n", "405")):
            said = head(self.keep(connect(dnsd, request + b"Host: localhost\r\n\r\n")))
            self.assertEqual(said.split()[1], expected, request)
        # One connection after the other, each gone before it is answered.
        for _ in range(50):
            connect(dnsd, b"GET /sites.json HTTP/1.1\r\nHost: localhost\r\n\r\n").close()
        self.assert_well(dnsd)

    def test_streams_what_status_json_says(self):
        dnsd = self.start_one()
        found = self.events(dnsd, "/stream", 5)
        names = [name for name, _ in found]
        self.assertEqual(names[0], "points")
        self.assertEqual(set(names), {"points", "events", "overview"})
        overview = next(data for name, data in found if name == "overview")
        self.assertEqual([n["name"] for n in overview["nodes"]["shown"]], ["web1"])
        self.assertEqual(overview["zones"]["shown"][0]["serial"], 7)
        site = overview["sites"]["shown"][0]
        self.assertEqual(site["name"], "www.lb.example")
        self.assertEqual([(m["address"], m["node"], m["next"]) for m in site["members"]],
                         [(A, "web1", True), (B, None, False)])
        happened = next(data for name, data in found if name == "events")
        self.assertIn("start", {event["kind"] for event in happened})
        overview = next(data for name, data in self.events(dnsd, "/stream?nodes=no&sites=x*", 3)
                        if name == "overview")
        self.assertEqual((overview["nodes"]["shown"], overview["sites"]["shown"]), ([], []))
        self.assertEqual(overview["nodes"]["total"], 1)

    def test_only_so_many_listen(self):
        dnsd = self.start_one()
        listeners = [self.keep(connect(dnsd, STREAM)) for _ in range(LISTENERS)]
        for listener in listeners:
            self.assertIn("200 OK", head(listener))
        refused = self.keep(connect(dnsd, STREAM))
        self.assertIn(" 503 ", head(refused))
        self.assert_well(dnsd)
        listeners[0].close()

        def let_in():
            client = self.keep(connect(dnsd, STREAM))
            return "200 OK" in head(client)
        harness.wait_until(let_in, 30 * harness.PATIENCE, "a place is free again", dnsd)

    def test_a_listener_that_never_reads_is_dropped(self):
        dnsd = self.dnsd(zone="$ORIGIN lb.example.\n@ 3600 SOA ns1 h 7 3600 600 86400 5\n"
                              "@ 3600 NS ns1\nns1 3600 A 192.0.2.53\n" + "".join(
                                  f"{'s' * 50}{i} 0 A 192.0.2.{j}\n"
                                  for i in range(30) for j in range(1, 17)))
        deaf = self.keep(connect(dnsd, STREAM, room=2048))
        heard = self.keep(connect(dnsd, STREAM))
        silent = time.monotonic()

        def dropped():
            heard.setblocking(False)
            try:
                while heard.recv(1 << 20):
                    pass
            except BlockingIOError:
                pass
            finally:
                heard.setblocking(True)
            # Only who goes on reading may see that it is over: its place tells.
            return len(self.connections(dnsd)) == 1
        harness.wait_until(dropped, 90 * harness.PATIENCE, "the deaf listener is dropped", dnsd)
        print(f"dropped after {time.monotonic() - silent:.1f} s ", end="", flush=True)
        self.assertFalse(is_closed(heard))
        self.assertTrue(deaf)

    def connections(self, dnsd):
        """Open connections of dnsd's HTTP port, as the kernel has them."""
        wanted = "0100007F:%04X" % dnsd.http[1]
        with open("/proc/net/tcp") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        own = {fd.readlink().name for fd in
               (harness.pathlib.Path("/proc") / str(dnsd.pid) / "fd").iterdir() if fd.is_symlink()}
        return [row for row in rows if row[1] == wanted and row[3] != "0A"
                and f"socket:[{row[9]}]" in own]

    def test_one_octet_at_a_time_keeps_no_place(self):
        dnsd = self.start_one()
        slow = [self.keep(connect(dnsd, b"GET / HT")) for _ in range(80)]
        letters = iter(b"TP/1.1\r\nX-Slow: " + b"x" * 100_000)

        def all_gone():
            letter = bytes([next(letters)])
            for client in [c for c in slow if not is_closed(c)]:
                try:
                    client.send(letter)
                except OSError:
                    pass
            time.sleep(0.1)
            return all(is_closed(c) for c in slow)
        self.assert_well(dnsd)
        harness.wait_until(all_gone, 90 * harness.PATIENCE, "the slow are shut out", dnsd)
        self.assert_well(dnsd)

    def test_a_thousand_connections_harm_nobody(self):
        dnsd = self.start_one()
        clients = [self.keep(connect(dnsd)) for _ in range(1000)]
        self.assert_well(dnsd)
        self.assertEqual(len(clients), 1000)
        self.assertLessEqual(len(self.connections(dnsd)), 64)

    def test_a_listener_that_goes_on_talking_is_dropped(self):
        dnsd = self.start_one()
        client = self.keep(connect(dnsd, STREAM))

        def dropped():
            try:
                client.send(b"x" * 1000)
                return b"" == client.recv(1 << 20)
            except OSError:
                return True
        harness.wait_until(dropped, 30 * harness.PATIENCE, "who talks is dropped", dnsd)
        self.assert_well(dnsd)


if __name__ == "__main__":
    harness.main()

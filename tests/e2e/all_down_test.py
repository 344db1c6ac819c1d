"""What a site answers when no member of it is left."""
import json
import time

import harness

ZONE = """$ORIGIN lb.example.
@    3600 SOA ns1 hostmaster 1 3600 600 86400 5
@    3600 NS  ns1
ns1  3600 A   192.0.2.53
www    60 A   127.0.1.1
www    60 A   127.0.1.2
"""
BOTH = ["127.0.1.1", "127.0.1.2"]


class AllDown(harness.TestCase):
    def down(self, rule=None):
        """A dnsd whose nodes have both left, n2 after n1."""
        config = "heartbeat: {warm_up: 0s}\n"
        if rule:
            config += f"sites:\n  - {{name: www.lb.example, all_down: {rule}}}\n"
        server = self.dnsd(zone=ZONE, config=config)
        reporters = [self.reporter(server, f"n{i}", address)
                     for i, address in enumerate(BOTH, 1)]
        server.wait_heard("n1", "n2")
        server.wait_for("www.lb.example", BOTH)
        reporters[0].stop()
        server.wait_for("www.lb.example", ["127.0.1.2"])
        time.sleep(1.1)  # which was good last is told in whole seconds
        reporters[1].stop()
        server.wait_states(n1="leaving", n2="leaving")
        return server

    def test_the_whole_pool_by_default(self):
        server = self.down()
        self.assertEqual(sorted(server.answers("www.lb.example")), BOTH)
        self.assertRegex(server.get("/metrics"), r"(?m)^dnsd_[a-z_]*fail_open[a-z_]*(\{.*\})? [1-9]")

    def test_the_last_good_member(self):
        server = self.down("last_good")
        server.wait_for("www.lb.example", ["127.0.1.2"])

    def test_no_data(self):
        server = self.down("nodata")

        def nodata():
            reply = server.ask("www.lb.example", "A")
            return reply.rcode == 0 and not reply.answer and [r.type for r in reply.authority] == [6]
        harness.wait_until(nodata, 5, "NODATA with the SOA", server)

    def test_a_server_failure(self):
        server = self.down("servfail")
        harness.wait_until(lambda: server.ask("www.lb.example", "A").rcode == 2, 5, "SERVFAIL")

    def test_an_event_tells_of_it_and_of_its_end(self):
        server = self.down()

        def told():
            events = json.loads(server.get("/events.json"))["events"]
            return [e["text"].split(":")[0] for e in events
                    if e["kind"] == "state" and e["site"] == "www.lb.example."]
        harness.wait_until(lambda: told()[-1:] == ["well -> all_down"], 10 * harness.PATIENCE,
                           "it is told", server)
        self.reporter(server, "n1", BOTH[0])
        harness.wait_until(lambda: told()[-1:] == ["all_down -> well"], 10 * harness.PATIENCE,
                           "its end is told", server)


if __name__ == "__main__":
    harness.main()

"""Why a name is answered as it is, told by dnsdctl and the HTTP port, and what dig gets."""
import json
import urllib.error
import urllib.parse

import controlled
import harness
from controlled import A, B
from dnswire import opt_record, subnet_option

ZONE = controlled.ZONE + """www     0 A   127.0.1.3
alias   0 CNAME www
*.host  0 A   127.0.1.1
*.host  0 A   127.0.1.2
"""
C = "127.0.1.3"
# web1 and web2 are alike; who is near to which of them is the operator's word.
CONFIG = """heartbeat: {warm_up: 0s}
regions: [{name: eu}, {name: us}]
nodes:
  - {name: web1, region: eu}
  - {name: web2, region: us}
subnets:
  - {clients: 10.1.0.0/16, region: eu}
  - {clients: 10.2.0.0/16, region: us}
sites:
  - {name: www.lb.example, prefer: locality}
"""


class Explain(controlled.TestCase):
    def fleet(self, config=CONFIG):
        self.server = self.controlled(zone=ZONE, config=config)
        for name, address, load in (("web1", A, 0.2), ("web2", B, 0.2), ("web3", C, 0.9)):
            self.reporter(self.server, name, address, load={"cpu_utilization": load})
        self.server.wait_heard("web1", "web2", "web3")

    def explain(self, *words):
        return json.loads(self.ctl("--json", "explain", *words))

    def page(self, **query):
        return json.loads(self.server.get("/explain.json?" + urllib.parse.urlencode(query)))

    def asked(self, client):
        """What a resolver gets that sends the client's subnet: addresses and scope."""
        reply = self.server.ask("www.lb.example", "A",
                                edns=opt_record(options=[subnet_option(client, 24)]))
        return reply.addresses()

    @staticmethod
    def member(why, address):
        return next(m for m in why["members"] if m["address"] == address)

    def test_it_names_whom_clients_get_and_whom_they_do_not(self):
        self.fleet()
        for client, near, far in (("10.1.7.0", A, B), ("10.2.7.0", B, A)):
            harness.wait_until(lambda: self.asked(client) == [near], 20 * harness.PATIENCE,
                               f"{client} gets {near}", self.server)
            why = self.explain("www.lb.example", "--client", client)
            self.assertEqual(why["answer"], self.asked(client))
            self.assertEqual(self.member(why, near)["standing"], "chosen")
            self.assertEqual(self.member(why, far)["standing"], "candidate")
            self.assertEqual(self.member(why, near)["locality"]["source"], "operator")
            self.assertIn("nearest", why["why"])
            self.assertEqual(why["scope"], 16)
            page = self.page(name="www.lb.example", type="A", client=client)
            self.assertEqual(page["answer"], why["answer"])
            self.assertEqual(set(page), set(why))

    def test_it_says_who_is_out_and_why(self):
        self.fleet()
        self.ctl("drain", "web1", "--reason", "new disk")
        self.processes[2].kill()  # web2's reporter
        self.server.wait_states(web2="dead", seconds=20)
        why = self.explain("www.lb.example", "--client", "10.1.7.1")
        self.assertEqual(why["answer"], [C])
        self.assertEqual(self.server.sample("www.lb.example"), {C})
        self.assertEqual(why["why"], "the only member that may answer")
        self.assertIn("draining", self.member(why, A)["why"])
        self.assertIn("new disk", self.member(why, A)["why"])
        self.assertRegex(self.member(why, B)["why"], "^dead: ")
        self.assertAlmostEqual(self.member(why, C)["load"]["cpu_utilization"], 0.9)
        text = self.ctl("explain", "www.lb.example")
        self.assertRegex(text, rf"(?m)^answer +{C}$")
        self.assertRegex(text, rf"(?m)^{A} +web1 +draining .* excluded ")

    def test_what_is_no_site_is_told_and_what_makes_no_sense_refused(self):
        self.fleet()
        self.assertIn("an alias of www.lb.example.", self.ctl("explain", "alias.lb.example"))
        self.assertEqual(self.explain("ns1.lb.example")["outcome"], "no_site")
        self.assertEqual(self.explain("www.elsewhere")["outcome"], "no_zone")
        self.assertIn("wanted an address",
                      self.ctl("explain", "www.lb.example", "--client", "10.1", fails=1))
        self.assertIn("wanted A or AAAA", self.ctl("explain", "www.lb.example", "-t", "MX", fails=1))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.page(name="a..b")
        self.assertEqual(refused.exception.code, 400)
        self.assertIn("name: found 'a..b'", refused.exception.read().decode())
        refused.exception.close()

    def test_sites_tell_who_may_answer_and_who_does(self):
        self.fleet()
        self.ctl("disable", "web3")
        sites = {s["name"]: s for s in json.loads(self.ctl("--json", "sites"))["sites"]}
        self.assertEqual(set(sites), {"www.lb.example.", "*.host.lb.example."})
        www = sites["www.lb.example."]
        self.assertEqual([m["state"] for m in www["members"]], ["alive", "alive", "disabled"])
        self.assertIn(www["answer"][0], (A, B))
        self.assertRegex(self.ctl("sites", "www*"), r"(?m)^www\.lb\.example\. +A +2 of 3 ")
        self.assertNotIn("host", self.ctl("sites", "www*"))
        self.assertIn("no site matches 'nobody'", self.ctl("sites", "nobody", fails=1))
        page = json.loads(self.server.get("/sites.json?pattern=www*"))
        self.assertEqual([s["name"] for s in page["sites"]], ["www.lb.example."])


if __name__ == "__main__":
    harness.main()

"""The page in a real Chromium: what it shows is what /status.json says, and people can use it."""
import json
import time

import browser
import controlled
import harness
import placement_test

ADDRESSES = [f"127.0.1.{i}" for i in (1, 2, 3)]  # of web1 to web3; two are in the zone already
ZONE = controlled.ZONE + """
www 0 A 127.0.1.3
mail 0 A 127.0.1.1
mail 0 A 127.0.1.9
"""
# A site with as many members as are drawn apart, of whom nobody reports.
MANY = ZONE + "".join(f"many 0 A 127.0.2.{i}\n" for i in range(1, 17))

# What each row of the table of nodes says, by the node's name.
NODE_ROWS = """Object.fromEntries([...document.querySelectorAll("#nodes-rows tr")].map((row) => [row.dataset.node, {
  state: row.dataset.state, cells: [...row.children].map((cell) => cell.innerText.trim())}]))"""
SITE_ROWS = """Object.fromEntries([...document.querySelectorAll("#sites-rows tr")].map((row) => [row.dataset.site,
  [...row.querySelectorAll(".member")].map((m) => ({address: m.dataset.address, next: m.classList.contains("next"), text: m.innerText}))]))"""

# Contrast of every text with what is behind it (WCAG 2.2, 1.4.3): those below 4.5, large ones below 3.
CONTRAST = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || e.closest(".hidden, noscript, svg")) continue;
    const style = getComputedStyle(e), a = light(rgb(style.color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) bad.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)}: ${e.textContent.trim().slice(0, 40)}`);
  }
  return bad;
})()"""

# What every page needs, as axe and its like look for it.
BASICS = """(() => {
  const bad = [];
  const named = (e) => e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") && document.getElementById(e.getAttribute("aria-labelledby"))?.textContent) ||
      [...(e.labels ?? [])].map((l) => l.textContent.trim()).join("") || (e.matches("a, button") && e.textContent.trim());
  for (const e of document.querySelectorAll("a, button, input, select, [tabindex='0'], section, nav, table")) if (!named(e)) bad.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) bad.push(`no alt: ${e.src}`);
  for (const e of document.querySelectorAll("th")) if (!["row", "col"].includes(e.scope)) bad.push(`no scope: ${e.textContent}`);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) bad.push(`id twice: ${id}`);
  for (const [what, n] of [["main", 1], ["h1", 1], ["header", 1], ["footer", 1], ["nav", 1]]) if (document.querySelectorAll(what).length !== n) bad.push(`${what}: not ${n}`);
  let level = 0;
  for (const h of document.querySelectorAll("h1, h2, h3")) { const l = Number(h.tagName[1]); if (l > level + 1) bad.push(`heading skips: ${h.textContent}`); level = l; }
  if (!document.documentElement.lang || !document.title) bad.push("no language or title");
  if (!document.querySelector("[aria-live='polite']")) bad.push("nothing is said aloud");
  return bad;
})()"""


class Page(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def fleet(self, *arguments, zone=ZONE):
        dnsd = self.dnsd(*arguments, zone=zone)
        self.reporters = [
            self.reporter(dnsd, f"web{i}", ADDRESSES[i - 1], interval=f"{harness.PATIENCE:g}s",
                          load={"cpu_utilization": 0.2 * i, "mem_utilization": 0.1 * i,
                                "connections": 11 * i}) for i in (1, 2, 3)]
        dnsd.wait_states(web1="alive", web2="alive", web3="alive")
        return dnsd

    def open(self, dnsd, **options):
        self.url = "http://%s:%d/" % dnsd.http
        self.browser.do("open", url=self.url, **options)
        self.browser.wait(lambda: len(self.nodes()) > 0, "the page shows nodes")

    def nodes(self):
        return self.browser.eval(NODE_ROWS)

    def tearDown(self):
        if hasattr(self, "url"):
            self.assertEqual(self.browser.do("faults"), [])

    def test_shows_what_status_json_says(self):
        dnsd = self.fleet()
        self.open(dnsd)
        for _ in range(25):
            dnsd.ask("www.lb.example.", "A")

        def agree():
            shown, known = self.nodes(), {n["name"]: n for n in dnsd.status()["nodes"]}
            self.assertEqual(set(shown), set(known))
            return all(f"{known[name]['answers']} in all" in row["cells"][6]
                       and row["state"] == known[name]["state"]
                       for name, row in shown.items()) and sum(
                           n["answers"] for n in known.values()) == 25
        self.browser.wait(agree, "states and answers as in status.json")
        for number, node in enumerate(dnsd.status()["nodes"], 1):
            cells = self.nodes()[node["name"]]["cells"]
            self.assertIn(node["addresses"][0], cells[0])
            self.assertEqual(cells[2], f"{20 * number} %")
            self.assertEqual(cells[3], f"{10 * number} %")
            self.assertEqual(cells[4], str(11 * number))
        self.browser.wait(lambda: self.browser.text("#queries").startswith("25 "), "25 queries")
        self.assertEqual(self.browser.text("#node-count"), "3")
        self.assertIn("lb.example (7)", self.browser.text("#where"))
        version = dnsd.status()["version"]
        self.assertIn(f"dnsd {version} on 127.0.0.1:", self.browser.text("#about"))
        sites = self.browser.eval(SITE_ROWS)
        self.assertEqual(set(sites), {"www.lb.example", "mail.lb.example"})
        self.assertEqual({m["address"] for m in sites["www.lb.example"]},
                         set(ADDRESSES))
        self.assertEqual([m["text"].split()[0] for m in sites["mail.lb.example"]],
                         ["alive:", "unmanaged:"])

        def drawn():
            return self.browser.eval("document.querySelector('#queries-chart .curve') !== null"
                                     " && document.querySelectorAll('#given-chart .layer').length")
        self.browser.wait(drawn, "the charts are drawn")

    def test_a_node_that_dies_turns_dead_before_the_readers_eyes(self):
        dnsd = self.fleet()
        self.open(dnsd)
        self.browser.wait(lambda: self.browser.texts("#events li"), "events")
        self.browser.eval("""window.said = []; new MutationObserver(() => window.said.push(
            document.getElementById('announce').textContent)).observe(
                document.getElementById('announce'), {childList: true})""")
        self.reporters[1].kill()
        killed = time.monotonic()
        dnsd.wait_states(web2="dead")
        judged = time.monotonic()
        self.browser.wait(lambda: self.nodes()["web2"]["state"] == "dead", "dead on the page")
        print(f"dead after {judged - killed:.2f} s, on the page after "
              f"{time.monotonic() - killed:.2f} s ", end="", flush=True)
        row = self.nodes()["web2"]
        self.assertIn("dead", row["cells"][1])
        self.assertEqual(self.nodes()["web1"]["state"], "alive")
        self.assertIn("1 dead", self.browser.text("#node-states"))
        self.browser.wait(lambda: any("web2" in text and "dead" in text for text in
                                      self.browser.texts("#events li")), "an event")
        self.browser.wait(lambda: "-> dead" in " ".join(self.browser.eval("window.said")),
                          "said aloud")
        # And the site's next answer is another's.
        nexts = [m["address"] for m in self.browser.eval(SITE_ROWS)["www.lb.example"] if m["next"]]
        self.assertNotIn(ADDRESSES[1], nexts)
        # What it reported last is not shown as if it were so now.
        cells = self.nodes()["web2"]["cells"]
        self.assertEqual(cells[2:5], ["was 40 %", "was 20 %", "was 22"])
        self.assertEqual(self.browser.eval(
            "document.querySelectorAll('[data-node=web2] td:nth-child(3) .bar').length"), 0)
        self.assertEqual(self.browser.eval(CONTRAST), [])

    def test_explains_an_answer(self):
        dnsd = self.fleet()
        self.open(dnsd)
        self.browser.do("fill", selector="#explain-name", text="www.lb.example")
        self.browser.do("fill", selector="#explain-client", text="198.51.100.7")
        self.browser.do("press", key="Enter")
        self.browser.wait(lambda: self.browser.text("#explained .given"), "an explanation")
        explained = json.loads(dnsd.get("/explain.json?name=www.lb.example&client=198.51.100.7"))
        self.assertEqual(self.browser.text("#explained .given"), ", ".join(explained["answer"]))
        standings = self.browser.eval(
            "Object.fromEntries([...document.querySelectorAll('.candidates li')]"
            ".map((e) => [e.dataset.address, e.dataset.standing]))")
        self.assertEqual(standings,
                         {m["address"]: m["standing"] for m in explained["members"]})
        # A click on a site's name asks for that.
        self.browser.do("click", selector="[data-site='mail.lb.example'] button")
        self.browser.wait(lambda: "mail.lb.example" in (self.browser.text("#explained .why") or ""),
                          "the other site")

    def test_filters_on_the_server_and_sorts(self):
        dnsd = self.fleet()
        self.open(dnsd)
        self.browser.do("fill", selector="#nodes-filter", text="EB3")
        self.browser.wait(lambda: set(self.nodes()) == {"web3"}, "web3 alone")
        self.assertEqual(self.browser.text("#nodes-shown"), "1 of 3")
        self.browser.do("fill", selector="#nodes-filter", text="")
        self.browser.do("fill", selector="#sites-filter", text="mail*")
        self.browser.wait(lambda: len(self.nodes()) == 3 and
                          set(self.browser.eval(SITE_ROWS)) == {"mail.lb.example"}, "mail alone")
        self.browser.do("click", selector="#nodes-head th:nth-child(3) button")
        order = "[...document.querySelectorAll('#nodes-rows tr')].map((r) => r.dataset.node)"
        self.assertEqual(self.browser.eval(order), ["web3", "web2", "web1"])
        self.browser.do("click", selector="#nodes-head th:nth-child(3) button")
        self.assertEqual(self.browser.eval(order), ["web1", "web2", "web3"])
        self.assertEqual(self.browser.eval(
            "document.querySelector('#nodes-head th:nth-child(3)').ariaSort"), "ascending")

    def test_is_for_keyboards_and_screen_readers(self):
        dnsd = self.fleet()
        for scheme in ("light", "dark"):
            self.open(dnsd, scheme=scheme)
            self.browser.wait(lambda: self.browser.texts("#events li"), "events")
            self.assertEqual(self.browser.eval(BASICS), [])
            self.assertEqual(self.browser.eval(CONTRAST), [], scheme)
        reached = []
        for _ in range(60):
            self.browser.do("press", key="Tab")
            reached.append(self.browser.eval(
                "(() => { const e = document.activeElement, s = getComputedStyle(e);"
                " return [e.id || e.className.baseVal || e.textContent.trim(),"
                " s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0]; })()"))
            if reached[-1][0] == "healthz":
                break
        names = [name for name, _ in reached]
        for wanted in ("Skip to the nodes", "nodes-filter", "sites-filter", "CPU", "explain-name",
                       "explain-type", "Explain", "events", "status.json", "healthz"):
            self.assertIn(wanted, names)
        self.assertEqual([name for name, visible in reached if not visible], [])

    def test_charts_are_read_with_the_arrow_keys(self):
        dnsd = self.fleet()
        dnsd.ask("www.lb.example.", "A")
        self.open(dnsd)
        self.browser.wait(lambda: self.browser.eval(
            "document.querySelector('#queries-chart .curve') !== null"), "a curve")
        self.browser.eval("document.querySelector('#queries-chart svg').focus()")
        self.browser.do("press", key="ArrowLeft")
        self.browser.wait(lambda: "queries" in self.browser.text("#queries-chart .hidden"),
                          "the value is said")

    def test_fits_a_phone(self):
        dnsd = self.fleet()
        for width in (320, 390, 768, 861, 900, 960, 1030, 1081, 1120):
            self.open(dnsd, width=width, height=700)
            self.browser.wait(lambda: self.browser.eval(SITE_ROWS), "sites")
            self.assertLessEqual(self.browser.eval("document.documentElement.scrollWidth"), width)
            self.assertEqual(self.browser.eval(BASICS), [])

    def test_members_are_drawn_in_colours_of_their_own(self):
        dnsd = self.fleet(zone=MANY)
        for _ in range(30):
            dnsd.ask("many.lb.example.", "A")
            dnsd.ask("www.lb.example.", "A")
        self.open(dnsd)
        drawn = """[...document.querySelectorAll("[data-site='many.lb.example'] .split b")].map(
            (part) => getComputedStyle(part).backgroundImage + getComputedStyle(part).backgroundColor)"""
        self.browser.wait(lambda: len(self.browser.eval(drawn)) == 16, "16 members are drawn")
        self.assertEqual(len(set(self.browser.eval(drawn))), 16)
        # The same beside the members' names, and no two of the chart's either.
        self.assertEqual(len(set(self.browser.eval(drawn.replace(".split b", ".swatch")))), 16)
        layers = "[...document.querySelectorAll('#given-chart .layer')].map((e) => getComputedStyle(e).fill)"
        self.browser.wait(lambda: self.browser.eval(layers), "layers")
        self.assertEqual(len(set(self.browser.eval(layers))), len(self.browser.eval(layers)))

    def test_failures_are_those_of_the_last_minutes(self):
        dnsd = self.fleet()
        self.open(dnsd)
        bad = "document.getElementById('failed-tile').classList.contains('bad')"
        self.browser.wait(lambda: self.browser.text("#failed") == "0", "none has failed")
        self.assertFalse(self.browser.eval(bad))
        for reporter in self.reporters:
            reporter.kill()
        dnsd.wait_states(web1="dead", web2="dead", web3="dead", seconds=20)
        for _ in range(5):
            dnsd.ask("www.lb.example.", "A")
        self.browser.wait(lambda: self.browser.text("#failed") == "5", "five have failed")
        self.assertTrue(self.browser.eval(bad))
        self.assertEqual(self.browser.text("#panic"), "5 since the start")

    def test_nodes_are_sorted_on_a_small_screen_too(self):
        dnsd = self.fleet()
        self.open(dnsd, width=900)
        shown = "document.querySelector('#nodes-head th:nth-child(3) button').getBoundingClientRect().width"
        self.assertGreater(self.browser.eval(shown), 10)
        self.browser.do("click", selector="#nodes-head th:nth-child(3) button")
        order = "[...document.querySelectorAll('#nodes-rows tr')].map((r) => r.dataset.node)"
        self.assertEqual(self.browser.eval(order), ["web3", "web2", "web1"])

    def test_says_when_dnsd_is_silent_and_comes_back(self):
        dnsd = self.fleet()
        self.open(dnsd)
        link = "document.getElementById('link').dataset.link"
        self.browser.wait(lambda: self.browser.eval(link) == "live", "live")
        host, port = dnsd.http
        dnsd.stop()
        self.browser.wait(lambda: self.browser.eval(link) == "lost", "lost")
        self.dnsd("--http-listen", f"{host}:{port}", zone=ZONE)
        self.browser.wait(lambda: self.browser.eval(link) == "live", "live again", 60)
        # The browser tells of the connections that failed meanwhile.
        faults = self.browser.do("faults")
        self.assertEqual([f for f in faults if "ERR_" not in f], [])
        del self.url


class Placement(placement_test.Placed):
    """What is being moved, on the page."""

    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def test_shows_what_is_in_hand_and_what_became_of_it(self):
        dnsd = self.serve(mode="plan")
        self.nodes(dnsd)
        (self.folder / "hold").touch()
        self.ctl("expand", placement_test.SITE, "n3", "--reason", "a crowd is coming")
        self.browser.do("open", url="http://%s:%d/" % dnsd.http)
        rows = """[...document.querySelectorAll("#placement-rows tr")].map(
            (row) => [row.dataset.kind, row.dataset.phase, row.innerText])"""
        self.browser.wait(lambda: self.browser.eval(rows), "what is in hand")
        kind, phase, text = self.browser.eval(rows)[0]
        self.assertEqual((kind, phase), ("expand", "working"))
        for part in (placement_test.SITE, "n3", "a crowd is coming"):
            self.assertIn(part, text)
        self.assertIn("1 in hand", self.browser.text("#placement-mode"))
        (self.folder / "hold").unlink()
        self.browser.wait(lambda: self.browser.eval(rows)[0][1] == "done", "it is done")
        self.assertEqual(self.browser.eval(BASICS), [])
        self.assertEqual(self.browser.eval(CONTRAST), [])
        self.assertEqual(self.browser.do("faults"), [])


if __name__ == "__main__":
    harness.main()

// Listens to dnsd and shows what it says.
//
//   /stream ── points ──> charts        once a second; a filter is part of the address, so that
//           ── events ──> list          dnsd picks the rows, however many there are
//           ── overview ─> tiles, tables

import {LayerChart, LineChart} from "/charts.js";
import {$, bare, count, debounced, duration, el, figure, renew, setClass, setText, stateMark} from "/dom.js";
import {EventList} from "/events.js";
import {startExplain} from "/explain.js";
import {NodeTable} from "/nodes.js";
import {startPlacement} from "/placement.js";
import {SiteTable} from "/sites.js";

const KEPT = 300;      // points
const SILENT = 5000;   // milliseconds after which what is shown is old
const AGAIN = 2000;

const queries = new LineChart($("queries-chart"), "Queries a second");
const given = new LayerChart($("given-chart"), "Answers by node");
const nodes = new NodeTable();
const sites = new SiteTable(startExplain());
const events = new EventList();

let points = [];
let stream = null;
let heard = 0;

function addPoints(fresh) {
  if (fresh.length > 0 && points.length > 0 && fresh[0].number !== points.at(-1).number + 1) points = [];
  points = [...points, ...fresh].slice(-KEPT);
  queries.set(points);
  given.set(points);
}

function showTiles({totals, nodes: fleet, server}) {
  setText($("queries-rate"), figure(totals.queries_rate));
  setText($("queries"), `${count(totals.queries)} since the start`);
  setText($("answers-rate"), figure(totals.site_answers_rate));
  setText($("answers"), `${count(totals.site_answers)} since the start`);
  setText($("node-count"), count(fleet.total));
  setText($("node-unit"), "known");
  renew($("node-states"), JSON.stringify(fleet.states), () => Object.entries(fleet.states).map(
      ([state, n]) => el("span", {"data-state": state, "data-count": n}, stateMarkOf(state, n))));
  setText($("imbalance"), fleet.imbalance > 0 ? fleet.imbalance.toFixed(2) : "–");
  setText($("imbalance-word"), fleet.imbalance === 0 ? "" : `busiest node: ${fleet.imbalance < 1.2 ? "even" : fleet.imbalance < 2 ? "a bit uneven" : "uneven"}`);
  const failed = totals.fail_open_lately;
  const panicked = totals.panic_lately;
  setText($("failed"), count(failed));
  setText($("panic"), panicked > 0 ? `and ${count(panicked)} with suspects as usable` : `${count(totals.fail_open)} since the start`);
  setClass($("failed-tile"), "bad", failed > 0);
  setClass($("failed-tile"), "warn", failed === 0 && panicked > 0);
  setText($("reload"), server.reload.error ? "not loaded" : "loaded");
  setText($("reload-when"), server.reload.error ? server.reload.error : new Date(server.reload.last).toLocaleString());
  setClass($("reload-tile"), "bad", server.reload.error !== "");
}

function stateMarkOf(state, n) {
  const mark = stateMark(state);
  mark.lastChild.textContent = `${count(n)} ${state}`;
  return mark;
}

function showServer({server, zones}) {
  const named = zones.shown.slice(0, 3).map((zone) => `${bare(zone.apex)} (${zone.serial})`).join(", ");
  const more = zones.total > 3 ? ` and ${count(zones.total - 3)} zones more` : "";
  setText($("where"), `${named}${more} · ${count(zones.sites)} ${zones.sites === 1 ? "site" : "sites"}`);
  setText($("about"), `dnsd ${server.version} on ${server.listen.join(", ")}, up for ${duration(server.uptime_seconds)}`);
  document.title = `dnsd: ${zones.shown.length > 0 ? bare(zones.shown[0].apex) : "no zone"}`;
}

function showOverview(overview) {
  showServer(overview);
  showTiles(overview);
  nodes.show(overview.nodes);
  sites.show(overview.sites);
}

function setLink(state, text) {
  $("link").dataset.link = state;
  setText($("link-text"), text);
  setClass(document.body, "stale", state === "lost");
}

function listen() {
  stream?.close();
  const query = new URLSearchParams({nodes: $("nodes-filter").value.trim(), sites: $("sites-filter").value.trim()});
  stream = new EventSource(`/stream?${query}`);
  const on = (kind, show) => stream.addEventListener(kind, (message) => {
    heard = Date.now();
    setLink("live", "Live");
    show(JSON.parse(message.data));
  });
  on("points", addPoints);
  on("events", (fresh) => events.add(fresh));
  on("overview", showOverview);
  const mine = stream;
  stream.addEventListener("error", () => {
    if (mine !== stream) return;
    setLink("lost", "Not connected: trying again");
    // A browser gives up where dnsd says that too many listen already.
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => mine === stream && listen(), AGAIN);
  });
}

setInterval(() => {
  if (heard > 0 && Date.now() - heard > SILENT) setLink("lost", `Nothing heard for ${duration((Date.now() - heard) / 1000)}`);
}, 1000);

const filtered = debounced(listen, 300);
for (const id of ["nodes-filter", "sites-filter"]) $(id).addEventListener("input", filtered);
listen();
startPlacement();

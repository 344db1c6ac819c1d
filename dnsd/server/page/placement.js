// Where sites are being moved: what is planned, what is in hand, and what was done lately.

import {$, bare, count, el, renew, setText} from "/dom.js";

const PERIOD = 2000;       // milliseconds between two looks
const SELDOM = 15000;      // likewise where placement is off
const SHOWN = 20;          // actions that are over

const time = new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit", second: "2-digit"});

function cell(label, ...children) {
  return el("td", {role: "cell", "data-label": label}, ...children);
}

function row(action) {
  const at = action.changed ? new Date(action.changed) : null;
  const phase = action.phase ?? "planned";
  const why = action.detail && action.phase !== "done" ? `${action.why} (${action.detail})` : action.why;
  return el("tr", {role: "row", "data-phase": phase, "data-kind": action.kind},
            cell("Site", el("b", {}, bare(action.site))), cell("What", `${action.kind} on ${action.node}`),
            cell("How far", at ? `${phase}, ${time.format(at)}` : phase), cell("Why", why));
}

function show(placement) {
  const over = placement.recent.slice(0, SHOWN);
  const rows = [...placement.plan, ...placement.in_hand, ...over];
  $("placement").hidden = placement.mode === "off" && rows.length === 0;
  setText($("placement-mode"), [
    placement.mode,
    placement.mode === "auto" && !placement.decides ? "another dnsd decides" : "",
    `${count(placement.in_hand.length)} in hand`,
    placement.plan.length > 0 ? `${count(placement.plan.length)} planned: dnsdctl apply` : "",
    placement.replicas_behind > 0 ? `${count(placement.replicas_behind)} behind their home` : "",
    placement.store_error ? `nothing is begun: ${placement.store_error}` : "",
  ].filter((part) => part).join(" · "));
  renew($("placement-rows"), JSON.stringify(rows), () => rows.map(row));
  $("placement-nothing").hidden = rows.length > 0;
  return placement.mode === "off" ? SELDOM : PERIOD;
}

// Looks now and then, for as long as the page is seen.
export async function startPlacement() {
  let wait = PERIOD;
  if (!document.hidden) {
    try {
      const reply = await fetch("/placement.json");
      if (reply.ok) wait = show(await reply.json());
    } catch {
      // The line at the top says that dnsd does not answer.
    }
  }
  setTimeout(startPlacement, wait);
}

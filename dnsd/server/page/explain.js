// The box that asks dnsd why it would answer a client as it would.

import {$, bare, el, figure, percent, price, stateMark} from "/dom.js";

const STANDINGS = {
  chosen: "is the answer", candidate: "could be", last_resort: "only if nobody else can",
  excluded: "is out", not_hosting: "does not host it", passed_over: "is in a later group",
};

function place(member) {
  const at = member.locality ?? {};
  if (at.rtt_milliseconds !== null && at.rtt_milliseconds !== undefined) return `${figure(at.rtt_milliseconds)} ms away`;
  if (at.kilometres !== null && at.kilometres !== undefined) return `${figure(at.kilometres)} km away`;
  return at.region ?? "";
}

function candidate(member) {
  const cost = member.cost === null || member.cost === undefined ? "" : `cost ${price(member.cost)}`;
  const load = member.utilization === null || member.utilization === undefined ? "" : `load ${percent(member.utilization)}`;
  return el("li", {"data-address": member.address, "data-standing": member.standing},
            el("span", {}, el("b", {class: "name"}, member.node ?? member.address), " ", member.state ? stateMark(member.state) : null, " ",
               STANDINGS[member.standing] ?? member.standing),
            el("span", {class: "cost"}, [cost, load].filter(Boolean).join(", ")),
            el("span", {class: "sub"}, [member.node ? member.address : "nobody reports of it", place(member), member.why].filter(Boolean).join(" · ")));
}

function result(document) {
  const parts = [];
  if (document.answer) {
    parts.push(el("p", {class: "given"}, document.answer.length > 0 ? document.answer.join(", ") : "no address"));
    const facts = [`TTL ${document.ttl} s`, document.site ? `policy ${document.site.policy}` : "",
                   document.scope > 0 ? `depends on /${document.scope} of the client` : "the same for every client",
                   document.client_region ? `client in ${document.client_region}` : ""];
    parts.push(el("p", {class: "facts"}, facts.filter(Boolean).join(" · ")));
  }
  parts.unshift(el("p", {class: "why"}, el("b", {}, `${bare(document.name)} ${document.type}: `), document.why ?? document.outcome));
  if (document.alias) parts.push(el("p", {class: "facts"}, `It is an alias: ask for ${bare(document.alias)}.`));
  if (document.members) parts.push(el("ul", {class: "candidates", role: "list"}, ...document.members.map(candidate)));
  return parts;
}

async function ask() {
  const query = new URLSearchParams({name: $("explain-name").value.trim(), type: $("explain-type").value});
  const client = $("explain-client").value.trim();
  if (client) query.set("client", client);
  try {
    const reply = await fetch(`/explain.json?${query}`);
    if (reply.ok) return result(await reply.json());
    return [el("p", {class: "fault"}, (await reply.text()).trim())];
  } catch {
    return [el("p", {class: "fault"}, "dnsd does not answer.")];
  }
}

async function explain() {
  $("explained").replaceChildren(...await ask());
}

// Starts the box; gives what asks it for a name.
export function startExplain() {
  $("explain").addEventListener("submit", (event) => {
    event.preventDefault();
    explain();
  });
  return (name) => {
    $("explain-name").value = name;
    $("explain-name").focus();
    explain();
  };
}

// The table of sites: who has been answered with of late, and who is next.

import {$, coloursOf, count, el, figure, percent, renew, setText, shape} from "/dom.js";

const labelOf = (member) => member.node ?? member.address;

const MIN_SHARE = 0.002;  // of the answers: what is less is not drawn

function chip(member, total, colour) {
  const state = member.state ?? "unknown";
  const words = [`${labelOf(member)} (${member.address}): ${member.node ? state : "nobody reports of it"}`];
  if (member.standing !== "chosen" && member.standing !== "candidate") words.push(member.standing);
  return el("li", {class: member.next ? "member next" : "member", title: words.join(", "), "data-address": member.address},
            colour ? el("i", {class: `swatch ${colour}`, "aria-hidden": "true"}) : null,
            shape(state), el("span", {class: "hidden"}, member.node ? `${state}: ` : "unmanaged: "),
            el("span", {}, labelOf(member)),
            total > 0 ? el("span", {class: "part"}, percent(member.rate / total)) : null,
            member.next ? el("span", {class: "flag", title: "would answer a client at 127.0.0.1 or ::1"}, "next") : null);
}

// The shares, and at the end what all others have together.
function split(members, total, colours) {
  const bar = el("div", {class: "split", "aria-hidden": "true"});
  const add = (share, colour) => {
    if (share < MIN_SHARE) return;
    const part = el("b", {class: colour});
    part.style.flex = String(share);
    bar.append(part);
  };
  members.forEach((member, i) => add(member.rate / total, colours[i]));
  add(1 - members.reduce((sum, member) => sum + member.rate, 0) / total, "prest");
  return bar;
}

export class SiteTable {
  // `explain` is called with the name of the site that is clicked.
  constructor(explain) {
    this.explain = explain;
    this.rows = new Map();  // by name
  }

  show(sites) {
    const names = new Set(sites.shown.map((site) => site.name));
    for (const [name, row] of this.rows) {
      if (names.has(name)) continue;
      row.remove();
      this.rows.delete(name);
    }
    const body = $("sites-rows");
    sites.shown.forEach((site, i) => {
      const row = this.rowOf(site.name);
      this.fill(row, site);
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
    });
    $("sites-nothing").hidden = sites.shown.length > 0;
    setText($("sites-nothing"), sites.searching ? "Looking for sites." : "No site. A name with more than one address is a site.");
    renew($("sites-shown"), `${sites.shown.length} ${sites.more}`, () => [
      sites.more ? `${count(sites.shown.length)} of more: the busiest first` : count(sites.shown.length)]);
  }

  rowOf(name) {
    if (!this.rows.has(name)) {
      const button = el("button", {type: "button", class: "plain name", title: "Why this answer?"}, name);
      button.addEventListener("click", () => this.explain(name));
      this.rows.set(name, el("tr", {role: "row", "data-site": name},
                             el("th", {role: "rowheader", scope: "row"}, button, el("span", {class: "sub"})),
                             el("td", {role: "cell", class: "number", "data-label": "Answers a second"}),
                             el("td", {role: "cell", "data-label": "Members"})));
    }
    return this.rows.get(name);
  }

  fill(row, site) {
    const [name, rate, members] = row.children;
    const usable = site.usable === site.pool ? `${count(site.pool)} members` : `${count(site.usable)} of ${count(site.pool)} members can answer`;
    renew(name.lastChild, usable, () => [usable]);
    renew(rate, `${figure(site.rate)} ${site.answers}`, () => [
      el("div", {}, figure(site.rate), el("span", {class: "sub"}, `${count(site.answers)} in all`))]);
    const shown = site.given_rate > 1e-3 ? site.given_rate : 0;
    const key = JSON.stringify(site.members.map((m) => [m.address, m.node, m.state, m.standing, m.next, shown && (m.rate / shown).toFixed(3)]));
    renew(members, key, () => {
      const colours = coloursOf(site.members.map(labelOf));
      const drawn = (i) => shown > 0 && site.members[i].rate / shown >= MIN_SHARE;
      return [
        shown ? split(site.members, shown, colours) : null,
        el("ul", {class: "members", role: "list"}, ...site.members.map((member, i) => chip(member, shown, drawn(i) ? colours[i] : null))),
      ].filter(Boolean);
    });
    row.classList.toggle("out", site.usable === 0);
  }
}

// The table of nodes: a row each, kept from one second to the next.

import {$, byName, count, duration, el, figure, percent, price, renew, setClass, setText, stateMark} from "/dom.js";

const TROUBLE = ["dead", "unhealthy", "suspect", "leaving", "disabled", "draining", "warming", "unknown", "alive"];

// What stands in each column; `rank` sorts by it, `down`: the greatest first.
const COLUMNS = [
  {title: "Node", compare: (a, b) => byName(a.name, b.name), make: makeName},
  {title: "State", compare: (a, b) => TROUBLE.indexOf(a.state) - TROUBLE.indexOf(b.state), make: makeState},
  {title: "CPU", rank: (n) => live(n, n.cpu), make: (cell, n) => makeBar(cell, n, n.cpu)},
  {title: "Memory", rank: (n) => live(n, n.memory), make: (cell, n) => makeBar(cell, n, n.memory)},
  {title: "Connections", number: true, rank: (n) => live(n, n.connections), make: (cell, n) => makeFigure(cell, n, n.connections, count)},
  {title: "Cost", number: true, rank: (n) => live(n, n.cost), make: (cell, n) => makeFigure(cell, n, n.cost, price)},
  {title: "Answers a second", number: true, rank: (n) => n.rate, make: makeRate},
  {title: "Share of answers, of load", rank: (n) => n.answer_share, make: makeShares},
  {title: "Last heartbeat", number: true, rank: (n) => n.age_seconds ?? 1e9, make: (cell, n) => setText(cell, n.age_seconds === null ? "not yet" : duration(n.age_seconds))},
  {title: "Sites", number: true, rank: (n) => n.sites, make: (cell, n) => setText(cell, n.declares_hosting ? count(n.sites) : "all")},
];

// What was reported last is no more than that once the node is gone: it stands below all others.
const live = (node, value) => (node.stale ? -1 : value ?? -1);

function was(text) {
  return [el("span", {class: "was", title: "as reported last"}, `was ${text}`)];
}

function makeFigure(cell, node, value, write) {
  renew(cell, JSON.stringify([node.stale, value]), () =>
    (value === null ? ["–"] : node.stale ? was(write(value)) : [write(value)]));
}

function makeName(cell, node) {
  const order = node.order ? `${node.order.kind}${node.order.reason ? `: ${node.order.reason}` : ""}` : "";
  const more = node.more_addresses > 0 ? ` and ${node.more_addresses} more` : "";
  renew(cell, JSON.stringify([node.addresses, node.region, order, more]), () => [
    el("span", {class: "name"}, node.name),
    el("span", {class: "sub"}, [node.addresses.join(", ") + more, node.region, order].filter(Boolean).join(" · ")),
  ]);
}

function makeState(cell, node) {
  const reason = node.state === "alive" ? "" : node.reason;
  renew(cell, `${node.state} ${reason}`, () => [
    el("div", {}, stateMark(node.state), reason ? el("span", {class: "sub"}, reason) : null),
  ]);
}

function bar(share, kind, label) {
  const inner = el("b", {class: kind});
  inner.style.width = `${Math.min(100, 100 * share).toFixed(1)}%`;
  return el("span", {class: "bar"}, label ? el("em", {}, label) : null, el("i", {"aria-hidden": "true"}, inner), el("span", {}, percent(share)));
}

function makeBar(cell, node, share) {
  renew(cell, JSON.stringify([node.stale, share === null ? null : share.toFixed(3)]), () =>
    (share === null ? ["–"] : node.stale ? was(percent(share)) : [bar(share, share >= 0.9 ? "full" : share >= 0.75 ? "high" : "")]));
}

function makeRate(cell, node) {
  renew(cell, `${figure(node.rate)} ${node.answers}`, () => [
    el("div", {}, figure(node.rate), el("span", {class: "sub"}, `${count(node.answers)} in all`)),
  ]);
}

function makeShares(cell, node) {
  renew(cell, `${node.answer_share.toFixed(3)} ${node.load_share.toFixed(3)}`, () => [
    el("div", {class: "shares"}, bar(node.answer_share, "", "answers"), bar(node.load_share, "other", "load")),
  ]);
}

export class NodeTable {
  constructor() {
    this.rows = new Map();  // by name: {row, cells}
    this.column = COLUMNS[0];
    this.reversed = false;
    this.nodes = [];
    this.heads = COLUMNS.map((column) => {
      const button = el("button", {type: "button", class: "plain"}, column.title);
      const head = el("th", {scope: "col", role: "columnheader", class: column.number ? "number" : null}, button);
      button.addEventListener("click", () => this.sortBy(column));
      return head;
    });
    $("nodes-head").append(...this.heads);
    this.markSorted();
  }

  sortBy(column) {
    this.reversed = this.column === column && !this.reversed;
    this.column = column;
    this.markSorted();
    this.place();
  }

  markSorted() {
    COLUMNS.forEach((column, i) => {
      if (column !== this.column) return this.heads[i].removeAttribute("aria-sort");
      const rising = (column.rank === undefined) !== this.reversed;
      this.heads[i].setAttribute("aria-sort", rising ? "ascending" : "descending");
    });
  }

  show(nodes) {
    this.nodes = nodes.shown;
    const names = new Set(this.nodes.map((node) => node.name));
    for (const [name, {row}] of this.rows) {
      if (names.has(name)) continue;
      row.remove();
      this.rows.delete(name);
    }
    for (const node of this.nodes) this.fill(node);
    this.place();
    $("nodes-nothing").hidden = nodes.total > 0;
    const shown = nodes.shown.length;
    setText($("nodes-shown"),
            shown === nodes.total ? `${count(shown)}` :
            shown === nodes.matching ? `${count(shown)} of ${count(nodes.total)}` :
            `${count(shown)} of ${count(nodes.matching)}: those in trouble, then the busiest`);
  }

  fill(node) {
    if (!this.rows.has(node.name)) {
      const cells = COLUMNS.map((column, i) => el(i === 0 ? "th" : "td", {
        role: i === 0 ? "rowheader" : "cell", scope: i === 0 ? "row" : null,
        class: column.number ? "number" : null, "data-label": column.title,
      }));
      this.rows.set(node.name, {row: el("tr", {role: "row", "data-node": node.name}, ...cells), cells});
    }
    const {row, cells} = this.rows.get(node.name);
    row.dataset.state = node.state;
    setClass(row, "out", node.state === "dead" || node.state === "unhealthy");
    setClass(row, "late", node.state === "suspect");
    COLUMNS.forEach((column, i) => column.make(cells[i], node));
  }

  // Rows move only where their order changes.
  place() {
    const {compare, rank} = this.column;
    const order = compare ?? ((a, b) => rank(b) - rank(a) || byName(a.name, b.name));
    const sorted = [...this.nodes].sort((a, b) => (this.reversed ? order(b, a) : order(a, b)));
    const body = $("nodes-rows");
    sorted.forEach((node, i) => {
      const {row} = this.rows.get(node.name);
      if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
    });
  }
}

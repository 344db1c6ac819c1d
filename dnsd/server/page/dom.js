// Small helpers: elements, numbers and times as people read them.

const SVG = "http://www.w3.org/2000/svg";

// el("td", {class: "number"}, "text", other elements …)
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const $ = (id) => document.getElementById(id);

// Writes only what changes, so that selections and screen readers are left alone.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element, name, on) {
  if (element.classList.contains(name) !== on) element.classList.toggle(name, on);
}

// Replaces the children unless `key` is what they were made from.
export function renew(element, key, make) {
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...make());
}

// A state: its shape, and its name unless that stands beside it.
export function shape(state) {
  return svg("svg", {class: `s-${state}`, "aria-hidden": "true", focusable: "false", viewBox: "0 0 16 16"},
             svg("use", {href: `#${state}`}));
}

export function stateMark(state) {
  return el("span", {class: `state s-${state}`}, shape(state), el("span", {}, state));
}

const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const short = new Intl.NumberFormat("en", {notation: "compact", maximumFractionDigits: 1});

export function count(n) {
  return n < 100000 ? whole.format(n) : short.format(n);
}

// A rate: three figures that matter, hundredths at most.
export function figure(n) {
  if (n >= 1000) return count(n);
  if (n >= 100) return n.toFixed(0);
  if (n >= 10) return n.toFixed(1);
  return n < 0.005 ? "0" : n.toFixed(2);
}

// What may be small and matter all the same.
export function price(n) {
  return n >= 0.1 || n === 0 ? figure(n) : n >= 1e-4 ? n.toPrecision(2) : n.toExponential(0);
}

export function percent(share) {
  return `${(100 * share).toFixed(share >= 0.0005 && share < 0.0995 ? 1 : 0)} %`;
}

export function duration(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

// A domain name without its final dot.
export const bare = (name) => (name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name);

export const byName = new Intl.Collator("en", {numeric: true}).compare;

// Which colours the nodes of one figure have, `most` of them at most: no two the same. A node keeps
// its own from figure to figure, unless another of the figure has the same: there are but so many,
// eight plain ones and then eight that are striped.
const COLOURS = 16;
const own = new Map();
export function coloursOf(nodes, most = COLOURS) {
  const taken = new Set();
  return nodes.map((node) => {
    if (!own.has(node)) own.set(node, own.size % COLOURS);
    let colour = own.get(node) % most;
    for (let i = 0; i < most && taken.has(colour); ++i) colour = (colour + 1) % most;
    taken.add(colour);
    return `p${colour}`;
  });
}

// Calls `work` once it has not been asked to for so long.
export function debounced(work, milliseconds) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}

// The last minutes as curves: one line, or layers on each other. Drawn as SVG.
//
//   points: [{queries: 12, nodes: {web1: 8, web2: 4}, other_nodes: 0}, …], a second apart, newest last
//
// The pointer or the arrow keys read the values of a moment.

import {coloursOf, count, el, figure, setText, svg} from "/dom.js";

const SPAN = 300;  // seconds shown
const HEIGHT = 196;
const TOP = 10;
const BOTTOM = 22;
const LEFT = 44;
const LAYERS = 7;  // nodes told apart; the others are one
const PLAIN = 8;   // colours without stripes

// The least round number that is no less than `most`, and how it is divided.
function scale(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-9)));
  for (const [top, steps] of [[1, 4], [1.5, 3], [2, 4], [3, 3], [4, 4], [5, 5], [6, 3], [8, 4], [10, 5]]) {
    if (top * power >= most) return {top: top * power, steps};
  }
  return {top: 10 * power, steps: 5};
}

const tick = (value) => (value >= 10000 ? count(value) : String(Number(value.toPrecision(3))));

const ago = (seconds) => (seconds === 0 ? "now" : seconds % 60 === 0 ? `${seconds / 60} min ago` : `${seconds} s ago`);

class Chart {
  constructor(place, title) {
    this.points = [];
    this.title = title;
    this.place = place;
    this.picture = svg("svg", {role: "img", tabindex: "0", "aria-label": title});
    this.read = el("div", {class: "read", hidden: ""});
    this.spoken = el("p", {class: "hidden", "aria-live": "polite"});
    place.append(this.picture, this.read, this.spoken);
    this.at = null;  // seconds ago that are read
    this.picture.addEventListener("pointermove", (event) => this.point(event));
    this.picture.addEventListener("pointerleave", () => this.readAt(null));
    this.picture.addEventListener("blur", () => this.readAt(null));
    this.picture.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(place);
  }

  set(points) {
    this.points = points;
    this.draw();
  }

  x(seconds) { return LEFT + (this.width - LEFT) * (1 - seconds / (SPAN - 1)); }
  y(value) { return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / this.top); }
  atPoint(i) { return this.x(this.points.length - 1 - i); }

  draw() {
    this.width = this.place.clientWidth;
    if (this.width < LEFT + 40) return;
    const {top, steps} = scale(Math.max(this.most(), 1));
    this.top = top;
    const parts = [];
    for (let i = 0; i <= steps; ++i) {
      const y = this.y(top * i / steps);
      parts.push(svg("line", {class: i === 0 ? "base" : "grid", x1: LEFT, x2: this.width, y1: y, y2: y}),
                 svg("text", {x: LEFT - 8, y: y + 4, "text-anchor": "end"}, tick(top * i / steps)));
    }
    for (let minute = 0; minute <= 5; ++minute) {
      if (this.width < 420 && minute % 2 !== 0) continue;
      const text = minute === 0 ? "now" : `−${minute} min`;
      const anchor = minute === 0 ? "end" : minute === 5 ? "start" : "middle";
      parts.push(svg("text", {x: this.x(Math.min(60 * minute, SPAN - 1)), y: HEIGHT - 4, "text-anchor": anchor}, text));
    }
    if (this.points.length > 1) parts.push(...this.curves());
    if (this.at !== null && this.at < this.points.length) {
      parts.push(svg("line", {class: "cursor", x1: this.x(this.at), x2: this.x(this.at), y1: TOP, y2: HEIGHT - BOTTOM}));
    }
    this.picture.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.picture.replaceChildren(...parts);
    this.picture.setAttribute("aria-label", `${this.title}: ${this.summary()}. Arrow keys read earlier values.`);
    this.showRead();
  }

  point(event) {
    const box = this.picture.getBoundingClientRect();
    const share = 1 - (event.clientX - box.left - LEFT) / (box.width - LEFT);
    this.readAt(Math.round(share * (SPAN - 1)));
  }

  key(event) {
    const step = {ArrowLeft: 1, ArrowRight: -1, PageUp: 30, PageDown: -30}[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.readAt((this.at ?? -1) + step);
    const point = this.points[this.points.length - 1 - this.at];
    if (point) setText(this.spoken, `${ago(this.at)}: ${this.values(point).map(([name, value]) => `${name} ${figure(value)}`).join(", ")}`);
  }

  readAt(seconds) {
    this.at = seconds === null ? null : Math.max(0, Math.min(seconds, this.points.length - 1));
    this.draw();
  }

  showRead() {
    const point = this.at === null ? undefined : this.points[this.points.length - 1 - this.at];
    this.read.hidden = point === undefined;
    if (point === undefined) return;
    this.read.replaceChildren(el("div", {}, ago(this.at)), el("ul", {}, ...this.values(point).map(
        ([name, value, colour]) => el("li", {}, el("i", {class: `swatch ${colour}`}), el("span", {}, name), el("b", {}, figure(value))))));
    const x = this.x(this.at);
    this.read.style.left = x > this.width / 2 ? "auto" : `${x + 10}px`;
    this.read.style.right = x > this.width / 2 ? `${this.width - x + 10}px` : "auto";
  }
}

export class LineChart extends Chart {
  most() { return Math.max(0, ...this.points.map((point) => point.queries)); }
  values(point) { return [["queries", point.queries, "p0"]]; }
  summary() {
    return this.points.length === 0 ? "nothing yet" : `${figure(this.points.at(-1).queries)} now, ${figure(this.most())} at most`;
  }
  curves() {
    const line = this.points.map((point, i) => `${this.atPoint(i).toFixed(1)},${this.y(point.queries).toFixed(1)}`).join("L");
    const floor = this.y(0);
    return [svg("path", {class: "area", d: `M${this.atPoint(0)},${floor}L${line}L${this.atPoint(this.points.length - 1)},${floor}Z`}),
            svg("path", {class: "curve", d: `M${line}`})];
  }
}

export class LayerChart extends Chart {
  constructor(place, title) {
    super(place, title);
    this.layers = [];
    this.colours = new Map();
    this.legend = el("ul", {class: "legend"});
    place.append(this.legend);
  }

  // The nodes that had most in the time shown get a layer each, in the order of their names.
  set(points) {
    const sums = new Map();
    for (const point of points) {
      for (const [node, rate] of Object.entries(point.nodes)) sums.set(node, (sums.get(node) ?? 0) + rate);
    }
    const busiest = [...sums.keys()].sort((a, b) => sums.get(b) - sums.get(a));
    this.layers = busiest.slice(0, LAYERS).sort();
    const colours = coloursOf(this.layers, PLAIN);
    this.colours = new Map(this.layers.map((node, i) => [node, colours[i]]));
    this.has_rest = busiest.length > LAYERS || points.some((point) => point.other_nodes > 0);
    this.legend.replaceChildren(...this.names().map(
        (node) => el("li", {}, el("i", {class: `swatch ${this.colour(node)}`}), el("span", {}, node))));
    super.set(points);
  }

  names() { return this.has_rest ? [...this.layers, "others"] : this.layers; }
  colour(node) { return node === "others" ? "prest" : this.colours.get(node); }
  total(point) { return Object.values(point.nodes).reduce((a, b) => a + b, point.other_nodes); }
  most() { return Math.max(0, ...this.points.map((point) => this.total(point))); }
  rate(point, node) {
    if (node !== "others") return point.nodes[node] ?? 0;
    return this.total(point) - this.layers.reduce((sum, one) => sum + (point.nodes[one] ?? 0), 0);
  }
  values(point) { return this.names().map((node) => [node, this.rate(point, node), this.colour(node)]).reverse(); }
  summary() {
    if (this.points.length === 0 || this.names().length === 0) return "nothing yet";
    return this.values(this.points.at(-1)).map(([node, rate]) => `${node} ${figure(rate)}`).join(", ");
  }
  curves() {
    const below = this.points.map(() => 0);
    return this.names().map((node) => {
      const lower = [...below];
      this.points.forEach((point, i) => { below[i] += this.rate(point, node); });
      const spot = (value, i) => `${this.atPoint(i).toFixed(1)},${this.y(value).toFixed(1)}`;
      const upper = below.map(spot);
      return svg("path", {class: `layer ${this.colour(node)}`, d: `M${upper.join("L")}L${lower.map(spot).reverse().join("L")}Z`});
    });
  }
}

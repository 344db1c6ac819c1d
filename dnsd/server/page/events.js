// What happened, newest first; and said to screen readers as it happens.

import {$, el, setText, shape, svg} from "/dom.js";

const KEPT = 100;
const time = new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit", second: "2-digit"});

const MARKS = {info: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM7 7h2v4.5H7zM7 4.2h2v2H7z"};

function mark(event) {
  if (event.kind === "state" && event.state) return shape(event.state);
  const bad = event.gravity !== "info";
  return svg("svg", {class: bad ? "s-dead" : "s-unknown", "aria-hidden": "true", viewBox: "0 0 16 16"},
             bad ? svg("use", {href: "#suspect"}) : svg("path", {d: MARKS.info, "fill-rule": "evenodd"}));
}

const subject = (event) => event.site ?? event.node;

function row(event) {
  const at = new Date(event.time);
  return el("li", {"data-sequence": event.sequence, "data-kind": event.kind},
            el("time", {datetime: event.time, title: at.toLocaleString()}, time.format(at)), mark(event),
            el("span", {class: "text"}, subject(event) ? el("b", {}, `${subject(event)} `) : null, event.text));
}

export class EventList {
  constructor() {
    this.last = 0;
    this.first_time = true;
  }

  add(events) {
    const fresh = events.filter((event) => event.sequence > this.last);
    if (fresh.length === 0) return;
    this.last = fresh.at(-1).sequence;
    const list = $("events");
    for (const event of fresh) list.prepend(row(event));
    while (list.children.length > KEPT) list.lastChild.remove();
    // What was there before the page was opened is no news.
    if (!this.first_time) {
      setText($("announce"), fresh.slice(-3).map((event) => `${subject(event) ?? "dnsd"}: ${event.text}`).join(". "));
    }
    this.first_time = false;
  }
}

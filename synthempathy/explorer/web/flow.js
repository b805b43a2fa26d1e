"use strict";
/* Rows in, out and dropped, from seeds to splits, as a river; beneath it the same as a table. */
{
  const SVG = "http://www.w3.org/2000/svg";
  const STEP = 168, TOP = 56, HIGH = 120, NODE = 10, LABELS = 4, WIDE = 22;

  const make = (name, given, ...inside) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
    made.append(...inside);
    return made;
  };
  const label = (x, y, text, kind) => make("text", {x, y, class: kind}, text);
  const short = (text) => text.length > WIDE ? `${text.slice(0, WIDE - 1)}…` : text;  // so that no label reaches the next

  /* A band from one upright edge to another. */
  const band = (x, top, bottom, x2, top2, bottom2, kind) => {
    const half = (x + x2) / 2;
    return make("path", {class: kind, d: `M${x},${top} C${half},${top} ${half},${top2} ${x2},${top2} L${x2},${bottom2} C${half},${bottom2} ${half},${bottom} ${x},${bottom} Z`});
  };

  const filtered = (stage, reason) => explorer.goTo("left", {choices: reason ? {stage, reason} : {stage}});

  explorer.flow = (stages, splits, known) => {
    const {el, count, plain} = explorer;
    const most = Math.max(1, ...stages.map((one) => Math.max(one.in, one.out)));
    const high = (rows) => rows ? Math.max(1.5, HIGH * rows / most) : 0;
    const width = STEP * (stages.length + 1) + 90, left = 24;  // room for the names of the splits
    const lines = Math.max(0, ...stages.map((one) => Math.min(one.dropped.length, LABELS + 1)));
    const tall = TOP + HIGH + 52 + 17 * lines;
    const picture = make("svg", {viewBox: `0 0 ${width} ${tall}`, width, height: tall, role: "img", class: "flow"},
      make("title", {}, "Rows from stage to stage; the table below holds the same figures"));
    stages.forEach((one, at) => {
      const x = left + at * STEP, gone = one.in - one.out, next = stages[at + 1];
      const out = high(one.out), into = high(one.in), base = TOP + HIGH + 26;
      picture.append(label(x, 22, one.stage, "name"), label(x, 40, `${count(one.in)} in, ${count(one.out)} out`, "count"));
      if (gone > 0) {
        const drop = Math.max(1.5, into - out), far = x + 52;
        const end = Math.min(drop, 26);
        picture.append(make("path", {class: "gone", d: `M${x + NODE},${TOP + out} C${far + end},${TOP + out} ${far + end},${TOP + out} ${far + end},${base - 8} L${far},${base - 8} C${far},${TOP + out + drop} ${far},${TOP + out + drop} ${x + NODE},${TOP + out + drop} Z`}));
        const shown = one.dropped.slice(0, one.dropped.length > LABELS + 1 ? LABELS : LABELS + 1);
        shown.forEach(([reason, rows], line) => {
          const text = label(x + 6, base + 10 + 17 * line, `${count(rows)} ${short(plain(reason))}`, known.has(one.stage) ? "reason lead" : "reason");
          text.append(make("title", {}, plain(reason)));
          if (known.has(one.stage)) text.addEventListener("click", () => filtered(one.stage, reason));
          picture.append(text);
        });
        if (shown.length < one.dropped.length) picture.append(label(x + 6, base + 10 + 17 * shown.length, `and ${one.dropped.length - shown.length} more`, "reason"));
      }
      if (next) picture.append(band(x + NODE, TOP, TOP + out, x + STEP, TOP, TOP + high(next.in), "kept"));
      else {
        let top = TOP, place = TOP;
        for (const [name, rows] of splits) {
          const part = out * rows / Math.max(1, one.out);
          picture.append(band(x + NODE, top, top + part, x + STEP, place, place + part, "kept"),
            make("rect", {class: "node", x: x + STEP, y: place, width: NODE, height: Math.max(1.5, part)}),
            label(x + STEP + NODE + 6, place + part / 2 + 4, `${name} ${count(rows)}`, "reason"));
          top += part;
          place += Math.max(part, 12) + 10;
        }
      }
      picture.append(make("rect", {class: "node", x, y: TOP, width: NODE, height: Math.max(into, 1.5), rx: 2}));
    });
    const cells = (one) => one.dropped.map(([reason, rows], at) => [at ? ", " : "", known.has(one.stage)
      ? el("a", {href: "#left", onclick: (event) => { event.preventDefault(); filtered(one.stage, reason); }}, plain(reason)) : plain(reason), ` ${count(rows)}`]).flat();
    return el("details.river", {open: true}, el("summary", {}, "Rows from seeds to splits"), el("div.wide", {tabindex: "0", role: "group", "aria-label": "Picture of the flow"}, picture),
      el("details", {}, el("summary", {}, "The same as a table"), el("div.wide", {tabindex: "0"}, el("table", {},
        el("thead", {}, el("tr", {}, ["stage", "rows in", "rows out", "dropped"].map((one) => el("th", {scope: "col"}, one)))),
        el("tbody", {}, stages.map((one) => el("tr", {}, el("th", {scope: "row"}, one.stage), el("td.n", {}, count(one.in)), el("td.n", {}, count(one.out)),
          el("td", {}, one.dropped.length ? cells(one) : "none"))))))));
  };
}

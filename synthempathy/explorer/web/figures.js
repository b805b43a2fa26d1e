"use strict";
/* All figures and pictures of the run on one page. */
{
  const {el} = explorer;

  /* Nested figures as rows of a dotted name and a value. */
  const flat = (value, name = "") => value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, one]) => flat(one, name ? `${name}.${key}` : key))
    : [[name, value]];
  const shown = (value) => typeof value === "number" ? value.toLocaleString("en", {maximumFractionDigits: 4})
    : value === null ? "none" : Array.isArray(value) ? value.map((one) => typeof one === "object" ? JSON.stringify(one) : one).join(", ") : String(value);

  const file = (one, want) => {
    const rows = flat(one.figures).filter(([name]) => !want || `${one.stage} ${name}`.toLowerCase().includes(want));
    return rows.length === 0 ? null : el("details.figures", {open: Boolean(want)},
      el("summary", {}, el("b", {}, one.stage), el("span", {}, one.desc), el("small", {}, one.file)),
      el("div.wide", {tabindex: "0"}, el("table", {}, el("tbody", {}, rows.map(([name, value]) =>
        el("tr", {}, el("th", {scope: "row"}, name), el("td.n", {dir: "auto"}, shown(value))))))));
  };

  explorer.figures = () => {
    const run = explorer.run;
    const list = el("div", {}, run.figures.map((one) => file(one, "")));
    const want = el("input.search", {type: "search", placeholder: "Find a figure  /", "aria-label": "Find a figure",
      oninput: () => list.replaceChildren(...run.figures.map((one) => file(one, want.value.trim().toLowerCase())).filter(Boolean))});
    return el("div.page", {}, el("h2", {tabindex: "-1"}, "Figures"),
      el("p.note", {}, `Of the run ${run.revision}, profile ${run.profile}. All stand in metrics/, each written by the stage of its name.`),
      el("div.plots", {}, run.plots.map((one) => el("figure", {}, el("a", {href: one.file, title: "The picture alone"}, el("img", {src: one.file, alt: `${one.title}: the picture of ${one.source}`, loading: "lazy"})),
        el("figcaption", {}, one.title, el("small", {}, one.source))))),
      el("h2", {}, "By stage"), want, list);
  };
}

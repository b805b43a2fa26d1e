"use strict";
/* One row, whole: its texts as one way down, scores with the sentences that they come from, evidence, partner, neighbours. */
{
  const {el, plain} = explorer;
  const MOST_SHOWN = 20000;  // characters of a text, until all of it is asked for
  const RUN = 4;  // words that two texts must share in a row to be marked
  let chosen = 0;  // the score whose sentences are marked: kept from row to row

  /* `text` with marks [start, end, class, title, strength]: cut where any begins or ends. */
  const marked = (text, marks, most = MOST_SHOWN) => {
    const shown = Math.min(text.length, most);
    const cuts = [...new Set([0, shown, ...marks.flatMap(([start, end]) => [start, end])])]
      .filter((at) => at >= 0 && at <= shown).sort((a, b) => a - b);
    const box = el("div.text", {dir: "auto", lang: explorer.run.language});
    cuts.slice(0, -1).forEach((start, at) => {
      const part = text.slice(start, cuts[at + 1]);
      const over = marks.filter((one) => one[0] <= start && one[1] >= cuts[at + 1]);
      if (!over.length) { box.append(part); return; }
      const mark = el(`mark.${over.map((one) => one[2]).join(".")}`, {title: over.map((one) => one[3]).filter(Boolean).join(", ") || null}, part);
      const strength = over.map((one) => one[4]).find((one) => one !== undefined);
      if (strength !== undefined) mark.style.setProperty("--strength", `${Math.round(strength * 45)}%`);
      box.append(mark);
    });
    if (text.length <= shown) return box;
    const more = el("button.more", {type: "button", onclick: () => whole.replaceWith(marked(text, marks, Infinity))},
      `Show all ${explorer.count(text.length)} characters`);
    const whole = el("div", {}, box, more);
    return whole;
  };

  /* Where the words of a search stand. */
  const hits = (text, words) => {
    if (!words.length) return [];
    const found = [], lower = text.slice(0, MOST_SHOWN).toLowerCase();
    if (lower.length !== Math.min(text.length, MOST_SHOWN)) return [];  // letters that change their length: places would be wrong
    for (const one of lower.matchAll(/[\p{L}\p{N}]+/gu))
      if (words.some((word, at) => one[0] === word || (at === words.length - 1 && one[0].startsWith(word))))
        found.push([one.index, one.index + one[0].length, "hit", null]);
    return found;
  };

  const sentenceMarks = (sentences, score, high) => (sentences || []).filter((one) => one[2 + score] > 0.25)
    .map((one) => [one[0], one[1], `score.d${score % 6}`, `${one[2 + score].toFixed(2)}`, Math.min(1, one[2 + score] / (high || 1))]);

  /* Words that stand in both texts, RUN or more in a row, as marks of the first. */
  const shared = (text, other) => {
    const cut = (one) => [...one.slice(0, MOST_SHOWN).matchAll(/[\p{L}\p{N}']+/gu)];
    const key = (words, at) => words.slice(at, at + RUN).map((one) => one[0].toLowerCase()).join(" ");
    const words = cut(text), others = cut(other), runs = new Set();
    for (let at = 0; at + RUN <= others.length; at++) runs.add(key(others, at));
    const marks = [];
    for (let at = 0; at + RUN <= words.length; at++) if (runs.has(key(words, at))) {
      const start = words[at].index, last = words[at + RUN - 1], end = last.index + last[0].length, before = marks[marks.length - 1];
      if (before && start <= before[1]) before[1] = end;
      else marks.push([start, end, "evidence", "stands in both"]);
    }
    return marks;
  };

  /* Scores as bars; a bar is a button that marks the sentences of its score. */
  const bars = (names, values, highs, redraw, can) => el("div.bars", {role: "group", "aria-label": "Scores"}, names.map(([name, title], at) => {
    const value = values[at];
    if (value === null || value === undefined) return null;
    const fill = el("i", {});
    fill.style.width = `${Math.min(100, 100 * value / (highs[at] || 1))}%`;
    return el(`button.bar.d${at % 6}`, {
      type: "button", disabled: !can, "aria-pressed": String(can && chosen === at), title: can ? `Mark what gave ${title}` : title,
      onclick: () => { chosen = chosen === at ? -1 : at; redraw(); },
    }, el("span", {}, title || name), el("b", {}, value.toFixed(2)), el("span.track", {}, fill));
  }));

  const by = (text) => [text.model, text.prompt && `prompt ${text.prompt}`].filter(Boolean).join(" · ");

  const step = (text, marks, before = null) => el("section.step", {}, el("h3", {}, text.title, " ", by(text) ? el("small", {dir: "auto"}, by(text)) : null),
    before, marked(text.text, marks));

  const highsOf = (names) => names.map(() => Math.max(...names.map(([name]) => (explorer.tables.rows?.column(name) || {high: 2}).high)));

  const facts = (row) => el("dl.facts", {}, row.facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {dir: "auto"}, plain(value)))));

  const way = (row, words, redraw) => {
    const names = explorer.run.dimensions, highs = highsOf(names);
    return row.texts.map((text) => {
      const isScored = row.scores && text.field === "response";
      const marks = [...hits(text.text, words), ...(text.marks || []).map(([a, b]) => [a, b, "evidence", "evidence"])];
      if (isScored && chosen >= 0) marks.push(...sentenceMarks(row.sentences, chosen, highs[chosen]));
      return step(text, marks, isScored ? bars(names, row.scores, highs, redraw, true) : null);
    });
  };

  const near = (row) => row.near && row.near.length ? el("section.near", {}, el("h3", {}, "Near neighbours", el("small", {}, "by the rare words that they share")),
    el("ol", {}, row.near.map(([id, like, words]) => el("li", {}, el("a", {href: explorer.link("rows", id)}, el("bdi", {}, id)),
      el("span.like", {}, like.toFixed(2)), el("span.words", {dir: "auto"}, words))))) : null;

  const why = (row) => row.reason ? el("div.why", {}, el("p", {}, el("b", {}, plain(row.reason)), ` at ${row.stage}`, row.detail ? el("span", {dir: "auto"}, `: ${row.detail}`) : null),
    row.evidence.filter(([, , detail]) => detail).length ? el("ul", {}, row.evidence.filter(([, , detail]) => detail).map(([field, reason, detail]) =>
      el("li", {dir: "auto"}, `${field}: ${plain(reason)}: ${detail}`))) : null) : null;

  const beside = (row, words) => {
    const mine = row.texts[row.texts.length - 1], its = row.partner.texts[0];
    return [...row.texts.slice(0, -1).map((text) => step(text, hits(text.text, words))), el("div.columns", {},
      step(mine, [...(mine.marks || []).map(([a, b]) => [a, b, "evidence", "evidence"]), ...shared(mine.text, its.text)]),
      step({...its, title: `Its partner, ${row.partner.id}`}, shared(its.text, mine.text)))];
  };

  const systems = (row, words, redraw) => {
    const names = explorer.run.scores, highs = highsOf(names);
    return el("div.columns", {}, row.systems.map((one) => el("section.step.system", {}, el("h3", {}, one.system, " ", el("small", {dir: "auto"}, one.model)),
      bars(names, one.scores, highs, redraw, Boolean(one.sentences)),
      marked(one.text, [...hits(one.text, words), ...(chosen >= 0 ? sentenceMarks(one.sentences, chosen, highs[chosen]) : [])]))));
  };

  explorer.detail = (table, id, row, query) => {
    const words = explorer.words(query || "");
    const redraw = () => { const made = explorer.detail(table, id, row, query); box.replaceWith(made); made.querySelector("[aria-pressed=true]")?.focus(); };
    const copy = el("a.link", {href: explorer.link(table.name, id), title: "A link to this row"}, "#");
    const box = el("div.row", {}, el("h2", {tabindex: "-1"}, el("bdi", {}, row.id), " ", copy), why(row), facts(row),
      row.partner ? beside(row, words) : way(row, words, redraw), row.systems ? systems(row, words, redraw) : null, near(row));
    return box;
  };
}

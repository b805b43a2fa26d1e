"use strict";
/* The filters of a table: words, choices, ranges, order. Calls back with what is asked. */
explorer.filters = (table, asked, changed) => {
  const {el, count, plain} = explorer;
  let later = 0;
  const soon = () => { clearTimeout(later); later = setTimeout(changed, 60); };

  const search = el("input.search", {
    type: "search", placeholder: "Search words  /", "aria-label": "Search words", autocomplete: "off", spellcheck: "false",
    oninput: () => { asked.query = search.value; soon(); },
  });
  search.value = asked.query || "";

  const choice = (column) => {
    const sizes = new Uint32Array(column.names.length);
    for (const one of column.data) if (one < sizes.length) sizes[one]++;
    const select = el("select", {onchange: () => {
      if (select.value === "") delete asked.choices[column.name];
      else asked.choices[column.name] = column.names[Number(select.value)];
      changed();
    }}, el("option", {value: ""}, "all"),
    ...column.names.map((name, at) => el("option", {value: String(at)}, `${plain(name)} (${count(sizes[at])})`)));
    const chosen = column.names.indexOf(asked.choices[column.name]);
    select.value = chosen < 0 ? "" : String(chosen);
    return el("label", {}, el("span", {}, column.title), select);
  };

  const range = (column) => {
    const end = (which, name) => {
      const shown = which ? column.high : column.low;
      const input = el("input", {
        type: "number", step: "any", "aria-label": `${column.title}: ${name}`, placeholder: String(Number(shown.toFixed(2))),
        oninput: () => {
          const ends = asked.ranges[column.name] || [null, null];
          ends[which] = input.value === "" ? null : Number(input.value);
          if (ends[0] === null && ends[1] === null) delete asked.ranges[column.name];
          else asked.ranges[column.name] = ends;
          soon();
        },
      });
      const now = (asked.ranges[column.name] || [])[which];
      if (now !== null && now !== undefined) input.value = now;
      return input;
    };
    return el("div.range", {role: "group", "aria-label": column.title}, el("span", {}, column.title),
      el("span.ends", {}, end(0, "at least"), el("i", {}, "to"), end(1, "at most")));
  };

  const numbers = table.columns.filter((one) => one.kind === "number");
  const order = el("select", {"aria-label": "Order", onchange: () => {
    [asked.sort, asked.down] = order.value ? [order.value.slice(1), order.value[0] === "-"] : [null, false];
    changed();
  }}, el("option", {value: ""}, "as it stands"), ...numbers.flatMap((one) => [
    el("option", {value: `-${one.name}`}, `${one.title}, most first`), el("option", {value: `+${one.name}`}, `${one.title}, least first`),
  ]));
  order.value = asked.sort ? `${asked.down ? "-" : "+"}${asked.sort}` : "";

  const set = Object.keys(asked.choices).length + Object.keys(asked.ranges).length;
  const clear = el("button", {type: "button", onclick: () => {
    Object.assign(asked, {query: "", choices: {}, ranges: {}, sort: null, down: false});
    panel.replaceWith(explorer.filters(table, asked, changed));
    changed();
  }}, "Clear all");
  const panel = el("div.filters", {role: "search"}, search,
    el("details", {open: set > 0}, el("summary", {}, "Filters and order"),
      el("div.grid", {}, table.columns.filter((one) => one.kind === "choice" && one.names.length).map(choice),
        numbers.map(range), numbers.length ? el("label", {}, el("span", {}, "Order"), order) : null, clear)));
  return panel;
};

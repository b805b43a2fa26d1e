"use strict";
/* The page: views by the address behind #, keys, dark and light. */
{
  const {el, count} = explorer;
  const VIEWS = [["rows", "Rows"], ["left", "What left"], ["compared", "Side by side"], ["figures", "Figures"]];
  const main = document.getElementById("main"), asked = {};
  const fresh = () => ({query: "", choices: {}, ranges: {}, sort: null, down: false});
  let view = null;  // what is shown: {name, list, table, detail, select}
  let turn = 0;  // counts selections: only the last one is shown

  explorer.link = (name, id) => `#${name}/${encodeURIComponent(id)}`;
  explorer.goTo = (name, given) => {
    asked[name] = {...fresh(), ...given};
    view = null;
    if (location.hash === `#${name}`) route();
    else location.hash = name;
  };

  const fail = (error) => { main.replaceChildren(el("p.empty", {role: "alert"}, `This view cannot be shown: ${error.message}`)); };

  const tableView = async (name) => {
    const table = await explorer.Table.open(name);
    asked[name] ||= fresh();
    const size = el("p.size", {});
    const detail = el("article.detail", {"aria-label": "Row"}, el("p.empty", {}, "Choose a row."));
    const back = el("button.back", {type: "button", onclick: () => closeRow()}, "← Rows");
    const list = new explorer.List(table, (row) => { location.hash = explorer.link(name, table.ids[row]); });
    const box = el("div.view", {});
    const select = async () => {
      const mine = ++turn, started = performance.now();
      const rows = await table.select(asked[name]);
      if (mine !== turn) return;
      list.show(rows);
      size.textContent = rows.length === table.count ? `${count(table.count)} rows` : `${count(rows.length)} of ${count(table.count)} rows`;
      explorer.say(size.textContent);
      explorer.lastSelect = performance.now() - started;
    };
    const changed = () => select().catch(fail);
    const side = el("div.side", {}, explorer.filters(table, asked[name], changed), size, list.box);
    box.append(side, el("div.main", {}, back, detail));
    const river = name === "left" ? explorer.flow(explorer.run.flow, explorer.run.splits, new Set((table.column("stage") || {names: []}).names)) : null;
    main.replaceChildren(...[river, box].filter(Boolean));
    view = {name, list, table, detail, box, select};
    await select();
  };

  const openRow = async (id) => {
    const now = view, at = now.table.rowOf(id);
    if (at === undefined) { now.detail.replaceChildren(el("p.empty", {role: "alert"}, "There is no such row in this run.")); now.box.classList.add("open"); return; }
    const row = await now.table.row(at);
    if (now !== view) return;
    const place = now.list.rows.indexOf(at);
    if (place >= 0 && place !== now.list.at) now.list.place(place);
    now.detail.replaceChildren(explorer.detail(now.table, id, row, asked[now.name].query));
    now.detail.parentElement.scrollTop = 0;
    now.box.classList.add("open");
    document.title = `${id}: synthempathy`;
  };

  const closeRow = () => { if (view && view.box) { view.box.classList.remove("open"); history.replaceState(null, "", `#${view.name}`); view.list.box.focus(); } };

  const route = async () => {
    const [name, ...rest] = location.hash.slice(1).split("/");
    const known = VIEWS.some(([one]) => one === name) ? name : "rows";
    let id = null;
    try { id = rest.length ? decodeURIComponent(rest.join("/")) : null; } catch { id = rest.join("/"); }
    for (const link of document.querySelectorAll("#views a"))
      link.hash === `#${known}` ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    document.title = `${VIEWS.find(([one]) => one === known)[1]}: synthempathy`;
    if (!view || view.name !== known) {
      if (known === "figures") { main.replaceChildren(explorer.figures()); view = {name: known}; }
      else await tableView(known);
    }
    if (view.table && id !== null) await openRow(id);
    else if (view.table && innerWidth > 860 && view.list.rows.length && view.list.at < 0) {  // a wide page shows a row at once
      view.list.place(0);
      await openRow(view.table.ids[view.list.rows[0]]);
      view.box.classList.remove("open");
    }
    explorer.ready = true;
  };

  const theme = (wanted) => {
    if (wanted) document.documentElement.dataset.theme = wanted;
    try { wanted ? localStorage.setItem("theme", wanted) : wanted = localStorage.getItem("theme"); } catch { /* not every browser keeps anything for a page from disk */ }
    if (wanted === "dark" || wanted === "light") document.documentElement.dataset.theme = wanted;
  };

  const keys = (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) return;
    if (event.key === "Escape") { typing ? event.target.blur() : closeRow(); return; }
    if (event.key === "Enter" && event.target.matches(".search") && view.list && view.list.rows.length) { view.list.go(0); view.list.box.focus(); return; }
    if (event.key === "Enter" && event.target === (view.list || {}).box && view.list.at >= 0) { view.detail.querySelector("h2")?.focus(); view.box.classList.add("open"); return; }
    if (typing) return;
    if (event.key === "j" || event.key === "k") view.list?.move(event.key === "j" ? 1 : -1);
    else if (event.key === "/") { event.preventDefault(); closeRow(); main.querySelector(".search")?.focus(); }
    else if (event.key === "?") document.getElementById("help").showModal();
    else if (VIEWS[Number(event.key) - 1]) location.hash = VIEWS[Number(event.key) - 1][0];
  };

  theme();
  document.getElementById("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    theme(dark ? "light" : "dark");
  });
  document.getElementById("keys").addEventListener("click", () => document.getElementById("help").showModal());
  document.getElementById("version").textContent = `${explorer.run.profile} · ${explorer.run.revision}`;
  document.getElementById("version").title = `Models: ${explorer.run.models.join(", ")}. The revision is of all inputs of this page.`;
  document.getElementById("views").append(...VIEWS.map(([name, title]) => {
    const rows = explorer.run.counts[name];
    return el("a", {href: `#${name}`}, title, rows === undefined ? null : el("small", {}, count(rows)));
  }));
  addEventListener("hashchange", () => route().catch(fail));
  addEventListener("keydown", keys);
  route().catch(fail);
}

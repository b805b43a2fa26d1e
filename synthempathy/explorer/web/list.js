"use strict";
/* A list of any length: only what is seen stands in the page. */
{
  const HEIGHT = 76, MORE = 6;  // pixels of an item, as in style.css; items above and below what is seen

  explorer.List = class {
    constructor(table, opened) {
      const {el} = explorer;
      Object.assign(this, {table, opened, rows: new Uint32Array(0), at: -1, items: new Map()});
      this.inside = el("div.inside");
      this.empty = el("p.empty", {hidden: true}, "No row is like this.");
      this.box = el("div.list", {
        tabindex: "0", role: "listbox", "aria-label": "Rows", onscroll: () => this.draw(),
        onkeydown: (event) => {
          const step = {ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8}[event.key];
          if (step) { event.preventDefault(); this.move(step); }
          else if (event.key === "Home" || event.key === "End") { event.preventDefault(); this.go(event.key === "Home" ? 0 : this.rows.length - 1); }
        },
      }, this.inside, this.empty);
      new ResizeObserver(() => this.draw()).observe(this.box);
    }

    show(rows) {
      const now = this.rows[this.at];
      this.rows = rows;
      this.at = now === undefined ? -1 : rows.indexOf(now);
      this.inside.style.height = `${rows.length * HEIGHT}px`;
      this.empty.hidden = rows.length > 0;
      this.inside.replaceChildren();
      this.items.clear();
      this.box.scrollTop = this.at > 0 ? Math.max(0, (this.at - 2) * HEIGHT) : 0;
      this.draw();
    }

    draw() {
      const first = Math.max(0, Math.floor(this.box.scrollTop / HEIGHT) - MORE);
      const last = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / HEIGHT) + MORE);
      for (const [at, item] of this.items) if (at < first || at >= last) { item.remove(); this.items.delete(at); }
      for (let at = first; at < last; at++) if (!this.items.has(at)) {
        const item = this.item(at);
        this.items.set(at, item);
        this.inside.append(item);
      }
      this.mark();
    }

    item(at) {
      const {el, plain} = explorer, row = this.rows[at], table = this.table;
      const head = table.columns.filter((one) => one.kind === "choice" && one.names.length > 1).slice(0, 2)
        .map((one) => one.value(row)).filter(Boolean).map(plain);
      const words = el("span.words", {dir: "auto", lang: explorer.run.language}, "…");
      const item = el("div.item", {
        role: "option", id: `row-${row}`, "aria-setsize": this.rows.length, "aria-posinset": at + 1, onclick: () => this.go(at),
      }, el("span.head", {}, el("b", {}, head.join(" · ") || table.name), el("span.id", {}, table.name === "left" ? table.ids[row].replace(/^[^/]*\//, "") : table.ids[row])), words);
      item.style.transform = `translateY(${at * HEIGHT}px)`;
      table.row(row).then((one) => {
        const texts = one.texts.filter((text) => text.field !== "detail");
        const shown = texts.find((text) => text.field === "explanation") || texts[texts.length - 1];
        words.textContent = shown ? shown.text.slice(0, 180) : "";
      }).catch((error) => { words.textContent = error.message; });
      return item;
    }

    mark() {
      for (const [at, item] of this.items) item.setAttribute("aria-selected", String(at === this.at));
      const now = this.rows[this.at];
      if (now === undefined) this.box.removeAttribute("aria-activedescendant");
      else this.box.setAttribute("aria-activedescendant", `row-${now}`);
    }

    move(step) { if (this.rows.length) this.go(Math.min(this.rows.length - 1, Math.max(0, this.at + step))); }

    go(at) { this.place(at); this.opened(this.rows[at]); }

    /* Mark a place, and bring it into sight. */
    place(at) {
      this.at = at;
      const top = at * HEIGHT, {scrollTop, clientHeight} = this.box;
      if (top < scrollTop) this.box.scrollTop = top;
      else if (top + HEIGHT > scrollTop + clientHeight) this.box.scrollTop = top + HEIGHT - clientHeight;
      this.draw();
    }
  };
}

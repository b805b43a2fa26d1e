"use strict";
/* A table: columns in memory, rows in chunks that are loaded as they are looked at. */
{
  const NOTHING = 0xffff, KEPT_CHUNKS = 60;

  class Column {
    constructor(given) {
      Object.assign(this, given);
      this.data = explorer.numbers16(given.data);
    }
    value(row) {
      const at = this.data[row];
      if (at === NOTHING) return null;
      return this.kind === "choice" ? this.names[at] : this.low + at * this.step;
    }
    get high() {
      let most = 0;
      for (const one of this.data) if (one !== NOTHING && one > most) most = one;
      return this.low + most * this.step;
    }
  }

  explorer.Table = class {
    static async open(name) {
      if (!explorer.tables[name]) {
        const given = await explorer.load(`${name}/columns.js`, `${name}/columns`);
        explorer.tables[name] = new explorer.Table(name, given);
      }
      return explorer.tables[name];
    }

    constructor(name, given) {
      this.name = name;
      this.ids = given.ids;
      this.starts = given.chunks;
      this.columns = given.columns.map((one) => new Column(one));
      this.index = new explorer.Index(name, given.shards, given.ids.length);
      this.kept = new Map();
    }

    get count() { return this.ids.length; }
    column(name) { return this.columns.find((one) => one.name === name); }

    rowOf(id) {
      if (!this.places) this.places = new Map(this.ids.map((one, at) => [one, at]));
      return this.places.get(id);
    }

    /* The row's record. Chunks that were not looked at for long are given up. */
    async row(at) {
      let low = 0, high = this.starts.length;
      while (low < high) { const mid = (low + high) >> 1; if (this.starts[mid] <= at) low = mid + 1; else high = mid; }
      const number = low - 1;
      let chunk = this.kept.get(number);
      if (chunk) this.kept.delete(number);
      else chunk = explorer.load(`${this.name}/chunk-${number}.js`, `${this.name}/chunk-${number}`);
      this.kept.set(number, chunk);
      if (this.kept.size > KEPT_CHUNKS) this.kept.delete(this.kept.keys().next().value);
      return (await chunk)[at - this.starts[number]];
    }

    /* Row numbers that pass, in order. `asked`: query, choices {column: name}, ranges {column: [low, high]}, sort, down. */
    async select(asked) {
      const found = await this.index.find(asked.query || "");
      const passes = found || new Uint8Array(this.count).fill(1);
      for (const [name, wanted] of Object.entries(asked.choices || {})) {
        const column = this.column(name), number = column ? column.names.indexOf(wanted) : -1;
        if (column) for (let at = 0; at < this.count; at++) if (column.data[at] !== number) passes[at] = 0;
      }
      for (const [name, [low, high]] of Object.entries(asked.ranges || {})) {
        const column = this.column(name);
        const slack = column.step / 2;  // what is shown is rounded to a step
        for (let at = 0; at < this.count; at++) {
          const value = column.value(at);
          if (value === null || (low !== null && value < low - slack) || (high !== null && value > high + slack)) passes[at] = 0;
        }
      }
      let size = 0;
      for (let at = 0; at < this.count; at++) size += passes[at];
      const rows = new Uint32Array(size);
      for (let at = 0, next = 0; at < this.count; at++) if (passes[at]) rows[next++] = at;
      return asked.sort ? this.sorted(rows, this.column(asked.sort), asked.down) : rows;
    }

    /* In order of the column, rows without a value last. Equal rows stay in their order: one number holds value and place. */
    sorted(rows, column, down) {
      const keys = new Float64Array(rows.length);
      rows.forEach((row, at) => {
        const value = column.data[row];
        keys[at] = (value === NOTHING ? NOTHING : down ? NOTHING - 1 - value : value) * 2 ** 32 + row;
      });
      keys.sort();
      return Uint32Array.from(keys, (key) => key % 2 ** 32);
    }
  };
}

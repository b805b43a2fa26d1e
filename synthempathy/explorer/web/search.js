"use strict";
/* The words of a query, and the rows that hold them: the other half of search.py. */
{
  const WORD = /[\p{L}\p{N}]+/gu, WORD_CHARACTERS = 24;

  explorer.words = (query) => (query.toLowerCase().match(WORD) || []).map((one) => [...one].slice(0, WORD_CHARACTERS).join(""));

  /* Set the rows of one encoded list in `found`, a byte a row. */
  const decode = (coded, found) => {
    const bytes = explorer.bytes(coded.slice(1));
    if (coded[0] === "b") {
      for (let at = 0; at < found.length; at++) if (bytes[at >> 3] >> (at & 7) & 1) found[at] = 1;
      return;
    }
    for (let at = 0, row = -1; at < bytes.length;) {
      let step = 0, shift = 0, byte;
      do { byte = bytes[at++]; step |= (byte & 127) << shift; shift += 7; } while (byte > 127);
      row += step + 1;
      found[row] = 1;
    }
  };

  /* The last shard whose first word is not after `word`. */
  const shardOf = (firsts, word) => {
    let low = 0, high = firsts.length;
    while (low < high) { const mid = (low + high) >> 1; if (firsts[mid] <= word) low = mid + 1; else high = mid; }
    return Math.max(0, low - 1);
  };

  const MOST_SHARDS = 12;  // of a beginning: one letter would ask for a good part of the index

  explorer.Index = class {
    constructor(name, firsts, count) { Object.assign(this, {name, firsts, count, kept: new Map()}); }

    shard(number) {
      if (!this.kept.has(number)) {
        if (this.kept.size > 40) this.kept.delete(this.kept.keys().next().value);
        this.kept.set(number, explorer.load(`${this.name}/index-${number}.js`, `${this.name}/index-${number}`));
      }
      return this.kept.get(number);
    }

    /* A byte a row: 1 where the row holds all words; null for a query without words. */
    async find(query) {
      const words = explorer.words(query);
      if (!words.length) return null;
      if (!this.firsts.length) return new Uint8Array(this.count);
      const open = /[\p{L}\p{N}]$/u.test(query);  // the last word may go on
      const lists = await Promise.all(words.map((word, at) => this.rows(word, open && at === words.length - 1)));
      const all = lists[0];
      for (const list of lists.slice(1)) for (let at = 0; at < all.length; at++) all[at] &= list[at];
      return all;
    }

    async rows(word, asBeginning) {
      const found = new Uint8Array(this.count), first = shardOf(this.firsts, word);
      const last = asBeginning ? Math.min(shardOf(this.firsts, word + "\uffff"), first + MOST_SHARDS) : first;
      const numbers = Array.from({length: last - first + 1}, (_, at) => first + at);
      for (const shard of await Promise.all(numbers.map((number) => this.shard(number))))
        shard.words.forEach((one, at) => {
          if (one === word || (asBeginning && one.startsWith(word))) decode(shard.rows[at], found);
        });
      return found;
    }
  };
}

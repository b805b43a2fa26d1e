"use strict";
/* What all parts share. Data come as scripts that call explorer.about, .columns, .chunk or .shard: see scripts.py.
   Every text goes into the page as text, by textContent: nothing that a row holds is ever read as HTML. */
const explorer = {tables: {}, run: null};

{
  const waiting = new Map();  // of a script's name: its promise, until it has called back
  const arrived = new Map();

  /* Load a script once more, give what it brought. It is removed when it has run, for rows are kept elsewhere. */
  explorer.load = (file, key) => {
    if (waiting.has(key)) return waiting.get(key);
    const loading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      const done = () => { script.remove(); waiting.delete(key); };
      script.onload = () => {
        done();
        const value = arrived.get(key);
        arrived.delete(key);
        value === undefined ? reject(new Error(`${file} brought nothing`)) : resolve(value);
      };
      script.onerror = () => { done(); reject(new Error(`${file} cannot be read`)); };
      script.src = file;
      document.head.append(script);
    });
    waiting.set(key, loading);
    return loading;
  };
  explorer.about = (run) => { explorer.run = run; };
  explorer.columns = (table, value) => arrived.set(`${table}/columns`, value);
  explorer.chunk = (table, number, rows) => arrived.set(`${table}/chunk-${number}`, rows);
  explorer.shard = (table, number, words, rows) => arrived.set(`${table}/index-${number}`, {words, rows});
}

/* An element: el("p.note", {title: "..."}, "text", other). Strings become text. */
explorer.el = (name, given = {}, ...inside) => {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.flat().filter((one) => one !== null && one !== undefined));
  return made;
};

explorer.bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
explorer.numbers16 = (text) => {
  const bytes = explorer.bytes(text), view = new DataView(bytes.buffer);
  return Uint16Array.from({length: bytes.length / 2}, (_, at) => view.getUint16(2 * at, true));
};
explorer.count = (number) => number.toLocaleString("en");
explorer.plain = (name) => name.replaceAll("_", " ");
explorer.say = (text) => { document.getElementById("status").textContent = text; };

"use strict";
// The page's rows are data: they are written as text alone (textContent), and nothing of them becomes markup.
const data = JSON.parse(document.getElementById("data").textContent);
const rows = data.rows;
const at = (id) => document.getElementById(id);
const touched = new Map(); // of the page that opens from disk: row -> what was decided or noted here
// What Python takes for white space, so that a note has the same bytes as one that was typed in a terminal.
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
let place = 0;
let busy = false;
let downloaded = true;

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function decided(row) {
  return row.state !== null && row.state.what !== "skip";
}

function inWords(state) {
  if (state === null) return "";
  const what = state.what === "skip" ? "noted" : "decided: " + state.what;
  return state.note ? what + ", " + state.note : what;
}

function show(focus) {
  const row = rows[place];
  const left = rows.filter((one) => !decided(one)).length;
  at("bar").value = rows.length - left;
  at("progress").textContent = row === undefined
    ? `${rows.length - left} decided, ${left} left.`
    : `Pair ${place + 1} of ${rows.length}; ${rows.length - left} decided, ${left} left.`;
  at("row").hidden = row === undefined;
  at("end").hidden = row !== undefined;
  for (const name of ["keep", "drop", "skip", "save", "note"]) at(name).disabled = row === undefined;
  at("back").disabled = place === 0;
  if (row === undefined) {
    at("end-name").textContent = rows.length ? "That was the last one" : "Nothing waits for a decision";
    at("left").textContent = left ? `${left} are not decided yet.` : data.served
      ? "All are decided. Run dvc repro filter to carry the decisions out."
      : "All are decided. Download the file, and hand it to whoever runs the pipeline.";
    at("again").hidden = left === 0;
    at("note").value = "";
    if (focus) at("end-name").focus();
    return;
  }
  at("name").textContent = row.name;
  at("state").textContent = inWords(row.state);
  at("evidence").replaceChildren(...row.evidence.map((one) => element("li", `${one.reason}: ${one.detail}`)));
  at("opinions").replaceChildren(...row.opinions.map((one) =>
    element("li", `${one.annotator}: ${one.what}${one.note ? ", " + one.note : ""}`)));
  at("texts").replaceChildren(...row.texts.map((one) => {
    const part = element("section", "");
    const text = element("div", "", "text");
    for (const [kind, piece] of one.pieces) {
      text.append(kind === "mark" ? element("mark", piece) : kind === "note" ? element("span", piece, "note") : piece);
    }
    part.append(element("h3", one.field), text);
    return part;
  }));
  for (const name of ["keep", "drop"]) at(name).setAttribute("aria-pressed", String(row.state?.what === name));
  at("note").value = row.state?.note ?? "";
  if (focus) {
    at("name").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}

function problem(text) {
  at("problem").textContent = text;
  at("problem").hidden = text === "";
}

// Decide (what: keep or drop) or note (what: null). Gives whether it was kept.
async function put(what, note) {
  const row = rows[place];
  if (!data.served) {
    const kept = what === null ? row.state?.what ?? "skip" : what;
    row.state = { what: kept, note: what === null ? note : row.state?.note ?? "" };
    touched.set(place, row.state);
    downloaded = false;
    at("download").disabled = false;
    remember();
    return true;
  }
  try {
    const answer = await fetch("decide", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ row: place, what, note }),
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error);
    row.state = said.state;
    problem("");
    return true;
  } catch (error) {
    problem(`Not written: ${error.message}. Is synthempathy review --serve still running?`);
    return false;
  }
}

async function act(name) {
  if (busy || at(name).disabled) return;
  if (name === "back") place -= 1;
  else if (name === "skip") place += 1;
  else {
    busy = true;
    const kept = await put(name, "");
    busy = false;
    if (!kept) return;
    place += 1;
  }
  show(true);
}

async function saveNote() {
  if (busy || at("save").disabled) return;
  busy = true;
  const words = at("note").value;
  const kept = await put(null, (words.toWellFormed ? words.toWellFormed() : words).replace(SPACE, " ").replace(/^ | $/g, ""));
  busy = false;
  if (kept) show(true);
}

// decisions.csv, as Python writes it (core/harmless.py, core/files.py): a note that would start a formula in a spreadsheet
// begins with an apostrophe, and with one more where it has some already. A note is one line, its white space plain spaces.
function csv() {
  const line = ([start, row]) => {
    if (row === null || !touched.has(row)) return start;
    const state = touched.get(row);
    const note = /^'* *[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(state.note) ? "'" + state.note : state.note;
    const cell = /[",;\t\r\n]/.test(note) ? `"${note.replaceAll('"', '""')}"` : note;
    return `${rows[row].start},${state.what},${rows[row].reason},${cell}\n`;
  };
  return data.header + data.lines.map(line).join("");
}

function download() {
  const link = document.createElement("a");
  const address = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.href = address;
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
  downloaded = true;
}

// What was decided and not downloaded outlives a closed window where the browser lets a page keep anything.
function remember() {
  try {
    localStorage.setItem(data.store, JSON.stringify([...touched]));
  } catch { /* a private window: the question before it closes must do */ }
}

function recall() {
  try {
    for (const [row, state] of JSON.parse(localStorage.getItem(data.store) ?? "[]")) {
      rows[row].state = state;
      touched.set(row, state);
    }
  } catch { return; }
  at("download").disabled = touched.size === 0;
}

for (const name of ["keep", "drop", "skip", "back"]) at(name).addEventListener("click", () => act(name));
at("noting").addEventListener("submit", (event) => { event.preventDefault(); saveNote(); });
at("again").addEventListener("click", () => {
  place = Math.max(0, rows.findIndex((one) => !decided(one)));
  show(true);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target === at("note")) {
    if (event.key === "Escape") at("name").focus();
    return;
  }
  const name = { k: "keep", d: "drop", s: "skip", b: "back" }[event.key.toLowerCase()];
  if (name) act(name);
  else if (event.key.toLowerCase() === "n" && !at("note").disabled) {
    event.preventDefault();
    at("note").focus();
  }
});
if (!data.served) {
  at("download").addEventListener("click", download);
  window.addEventListener("beforeunload", (event) => { if (!downloaded) event.preventDefault(); });
  recall();
}
show(false);

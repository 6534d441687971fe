// The case: search, context, grouped findings as tri-state rows, likelihood sliders, pause.
import { h, instance, send } from "./dom.js";

const PAUSE = 140; // milliseconds without a letter before the words are looked up

function context(store, item) {
  const select = h("select", {
    id: `ctx-${item.id}`,
    onchange: () => send(store, { op: "context", id: item.id, value: select.value }),
  }, item.options.map(([value, label]) => h("option", { value }, label)));
  store.context[item.id] = select;
  return h("label", { class: "context", for: `ctx-${item.id}` }, h("span", {}, item.label), select);
}

function radio(store, row, value, symbol, text) {
  const input = h("input", {
    type: "radio", name: row.id, value, "aria-label": text,
    onchange: () => send(store, { op: "set", id: row.id, state: value }),
    onclick: () => {
      if (value && store.values[row.id] === value && !store.stale) send(store, { op: "set", id: row.id, state: "" });
      store.values[row.id] = value;
    },
  });
  return h("label", { class: `tri ${value ? symbol.kind : "unknown"}`, title: text }, input, h("span", { "aria-hidden": "true" }, symbol.mark));
}

function binary(store, row) {
  const [no, yes] = row.states;
  return h("span", { class: "tris", role: "radiogroup", "aria-label": row.label },
    radio(store, row, no[0], { kind: "absent", mark: "✕" }, `${row.label}: ${no[1]}`),
    radio(store, row, "", { kind: "unknown", mark: "?" }, `${row.label}: unknown`),
    radio(store, row, yes[0], { kind: "present", mark: "✓" }, `${row.label}: ${yes[1]}`));
}

function multi(store, row) {
  const select = h("select", {
    class: "multi", "aria-label": row.label,
    onchange: () => send(store, { op: "set", id: row.id, state: select.value }),
  }, h("option", { value: "" }, "?"), row.states.map(([value, label]) => h("option", { value }, label)));
  return select;
}

function sliders(store, row) {
  const inputs = new Map();
  const shown = row.binary ? row.states.slice(1) : row.states;
  const commit = () => {
    const like = Object.fromEntries([...inputs].map(([s, i]) => [s, Number(i.value) / 100]));
    if (row.binary) like[row.states[0][0]] = 1 - like[row.states[1][0]];
    send(store, { op: "soft", id: row.id, likelihood: like });
  };
  const lines = shown.map(([state, label]) => {
    const out = h("output", {}, "50%");
    const input = h("input", {
      type: "range", min: 0, max: 100, step: 5, value: 50, "aria-label": `Likelihood of ${row.label}: ${label}`,
      oninput: () => { out.textContent = `${input.value}%`; }, onchange: commit,
    });
    inputs.set(state, input);
    input.out = out;
    return h("label", { class: "slider" }, h("span", {}, label), input, out);
  });
  return { inputs, lines };
}

function drawer(store, row, entry) {
  const { inputs, lines } = sliders(store, row);
  entry.inputs = inputs;
  entry.pause = h("button", { type: "button", onclick: () => send(store, { op: "pause", id: row.id }) }, "Pause");
  const clear = h("button", { type: "button", onclick: () => send(store, { op: "set", id: row.id, state: "" }) }, "Clear");
  return h("div", { class: "drawer", hidden: true, id: `drawer-${row.id}` },
    row.sub && h("p", {}, row.sub),
    h("p", { class: "hint" }, "Not sure? How well does what you saw fit each state:"),
    lines, h("div", { class: "buttons" }, entry.pause, clear));
}

function line(store, row) {
  const entry = { row };
  entry.more = h("button", {
    class: "more", type: "button", tabindex: -1, "aria-expanded": "false", "aria-controls": `drawer-${row.id}`,
    "aria-label": `More about ${row.label}`, title: "Likelihood, pause, other words",
    onclick: () => {
      entry.drawer.hidden = !entry.drawer.hidden;
      entry.more.setAttribute("aria-expanded", String(!entry.drawer.hidden));
    },
  }, "⋯");
  entry.control = row.binary ? binary(store, row) : multi(store, row);
  entry.drawer = drawer(store, row, entry);
  entry.el = h("div", { class: "row", "data-id": row.id, onkeydown: (e) => { if (e.key === "+") { e.preventDefault(); entry.more.click(); } } },
    h("div", { class: "line" }, h("span", { class: "name", title: row.sub || "" }, row.label), entry.control, entry.more),
    entry.drawer);
  store.rows.push(entry);
  return entry.el;
}

function group(store, item) {
  const el = h("details", { open: item.open }, h("summary", {}, h("span", {}, item.label), h("span", { class: "count" })),
    item.rows.map((row) => line(store, row)));
  store.groups.push({ el, rows: new Set(item.rows.map((r) => r.id)), count: el.querySelector(".count"), open: item.open });
  return el;
}

/** Show the hits below the box, and of the list only their rows; without words, everything. */
function found(store) {
  const words = store.search.value.trim(), { data } = store.component;
  const known = words && data.query.trim() === words;
  if (words && !known) return;
  const hits = words ? data.hits : [], ids = new Set(hits.map((x) => x.id));
  for (const entry of store.rows) entry.el.hidden = Boolean(words) && !ids.has(entry.row.id);
  for (const g of store.groups) {
    g.el.hidden = Boolean(words) && ![...g.rows].some((id) => ids.has(id));
    if (words) g.el.open = true;
    else if (store.searching) g.el.open = g.open;
  }
  store.searching = Boolean(words);
  store.hits = hits;
  store.at = hits.findIndex((x) => x.take); // several that fit alike: none, until the arrows say which
  store.none.textContent = !words ? "" : !hits.length ? "No finding has these words. Try a synonym, or an HPO id such as HP:0002380."
    : store.at < 0 ? "Enter takes none of these: choose with ↓ or a click." : `Enter takes: ${hits[store.at].text}`;
  palette(store);
  if (store.awaits && known) { store.awaits = false; take(store, hits[store.at]); }
}

function palette(store) {
  const open = store.hits.length > 0;
  store.list.hidden = !open;
  store.list.replaceChildren(...store.hits.map((hit, i) => h("li", {
    id: `hit-${i}`, role: "option", "aria-selected": String(i === store.at), onmousedown: (e) => { e.preventDefault(); take(store, hit); },
  }, hit.text, i === store.at && h("kbd", { "aria-hidden": "true" }, "Enter"))));
  if (store.at >= 0) store.search.setAttribute("aria-activedescendant", `hit-${store.at}`);
  else store.search.removeAttribute("aria-activedescendant");
}

function take(store, hit) {
  if (!hit) return;
  send(store, hit.focus ? { op: "focus", id: hit.id } : { op: "set", id: hit.id, state: hit.state });
  store.said.textContent = hit.focus ? hit.text : `Entered: ${hit.text}`;
  store.search.value = "";
  send(store, { op: "find", words: "" });
  store.hits = [];
  store.at = -1;
  palette(store);
}

function typed(store) {
  clearTimeout(store.typing);
  store.said.textContent = "";
  store.awaits = false;
  const words = store.search.value;
  if (!words.trim()) { send(store, { op: "find", words: "" }); found(store); return; }
  store.typing = setTimeout(() => send(store, { op: "find", words }), PAUSE);
}

function keyed(store, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && store.hits.length) {
    event.preventDefault();
    store.at = store.at < 0 && step < 0 ? store.hits.length - 1 : (store.at + step + store.hits.length) % store.hits.length;
    store.none.textContent = `Enter takes: ${store.hits[store.at].text}`;
    palette(store);
  } else if (event.key === "Escape") {
    store.search.value = "";
    typed(store);
  } else if (event.key === "Enter" && store.search.value.trim()) {
    const words = store.search.value.trim();
    if (store.component.data.query.trim() === words) { take(store, store.hits[store.at]); return; }
    clearTimeout(store.typing);
    store.awaits = true; // the hits are under way: take the first when they come
    send(store, { op: "find", words });
  }
}

function build(store, data) {
  Object.assign(store, { rows: [], groups: [], context: {}, values: {}, hits: [], at: 0 });
  store.search = h("input", {
    type: "search", id: "find", placeholder: "weak grip, low potassium, water pill …", autocomplete: "off",
    "aria-keyshortcuts": "Control+K", "aria-autocomplete": "list", "aria-controls": "hits",
    oninput: () => typed(store), onkeydown: (e) => keyed(store, e),
  });
  store.list = h("ul", { id: "hits", class: "hits", role: "listbox", "aria-label": "Findings with these words", hidden: true });
  store.none = h("p", { class: "none", role: "status" });
  store.said = h("p", { class: "none", role: "status" });
  store.root.replaceChildren(
    h("div", { class: "contexts" }, data.context.map((c) => context(store, c))),
    h("label", { class: "search", for: "find" }, h("span", {}, "Find a finding"), store.search),
    store.list, store.none, store.said,
    h("div", { class: "list" }, data.groups.map((g) => group(store, g))));
}

function show(entry, value, soft, paused) {
  const { row, el } = entry;
  el.classList.toggle("set", Boolean(value || soft));
  el.classList.toggle("soft", Boolean(soft));
  el.classList.toggle("paused", paused);
  entry.pause.textContent = paused ? "Resume" : "Pause";
  entry.pause.disabled = !(value || soft);
  if (row.binary) for (const i of entry.control.querySelectorAll("input")) i.checked = i.value === value;
  else entry.control.value = value;
  if (soft) for (const [state, input] of entry.inputs) {
    input.value = Math.round(100 * (soft[state] ?? 0.5));
    input.out.textContent = `${input.value}%`;
  }
}

function sync(store, data) {
  const paused = new Set(data.paused);
  store.values = { ...data.values };
  for (const c of data.context) store.context[c.id].value = c.value;
  for (const e of store.rows) show(e, data.values[e.row.id] ?? "", data.soft[e.row.id], paused.has(e.row.id));
  for (const g of store.groups) {
    const n = [...g.rows].filter((id) => data.values[id] || data.soft[id]).length;
    g.count.textContent = n ? `${n}` : "";
    g.count.title = n ? `${n} entered` : "";
  }
}

export default function (component) {
  const { data } = component;
  const store = instance(component);
  const shape = data.catalogue;
  if (store.shape !== shape) { store.shape = shape; build(store, data); }
  if (!store.stale) sync(store, data);
  found(store);
  const hotkey = (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") { e.preventDefault(); store.search.focus(); }
  };
  document.addEventListener("keydown", hotkey);
  return () => document.removeEventListener("keydown", hotkey);
}

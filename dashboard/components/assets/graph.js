// The whole network as SVG: a column a layer, a belief bar in each node, the prior as a dotted tick.
import { h, instance, send } from "./dom.js";

const HINT = "Arrow keys move between nodes, Enter picks one, Shift and Enter (or click) a second; Ctrl and the wheel zoom.";

const bend = (a, b, { node: w, tall }) => {
  const x1 = a.x + w, y1 = a.y + tall / 2, x2 = b.x, y2 = b.y + tall / 2;
  if (x2 > x1) { const m = (x1 + x2) / 2; return `M${x1},${y1}C${m},${y1} ${m},${y2} ${x2},${y2}`; }
  const bulge = Math.max(x1, x2 + w) + 26;
  return `M${x1},${y1}C${bulge},${y1} ${bulge},${y2} ${x2 + w},${y2}`;
};

/** Split a label over at most two lines of about so many letters, between words. */
function lines(text, room) {
  if (text.length <= room || !text.includes(" ")) return [text];
  const cuts = [...text.matchAll(/ /g)].map((m) => m.index);
  const cut = cuts.reduce((a, b) => (Math.abs(text.length - 2 * b) < Math.abs(text.length - 2 * a) ? b : a));
  return [text.slice(0, cut), text.slice(cut + 1)];
}

/** Write a label into the room that the value beside it leaves: two lines, then smaller letters. */
function fit(item, { node: w, font }, value) {
  const free = w - 14 - value.length * font * 0.6;
  const words = lines(item.n.short, Math.floor(free / (font * 0.54)));
  const longest = Math.max(...words.map((t) => t.length));
  const size = Math.max(font * 0.6, Math.min(words.length > 1 ? font * 0.92 : font, free / (longest * 0.54)));
  item.label.setAttribute("y", words.length > 1 ? font * 0.86 : font * 1.35);
  item.label.style.fontSize = size < font ? `${size.toFixed(1)}px` : "";
  item.label.replaceChildren(...words.map((t, i) => tspan(t, i, font)));
}

function node(store, n, g) {
  const { node: w, tall, font } = g, foot = tall * 0.76, two = tall > 30;
  const bar = h("rect", { class: "belief", x: 0, y: foot, height: tall - foot, width: 0 });
  const prior = h("line", { class: "prior", y1: foot - 2, y2: tall + 3 });
  const label = h("text", { class: "label", x: 6, y: font * (two ? 1.35 : 1.08) }, n.short);
  const value = h("text", { class: "value", x: w - 5, y: font * (two ? 1.35 : 1.08) });
  const hint = h("title", {}, n.label);
  const pick = (e) => send(store, { op: e.shiftKey ? "other" : "select", id: n.id });
  const el = h("g", {
    class: `node ${n.layer}`, transform: `translate(${n.x},${n.y})`, tabindex: 0, role: "button", "data-id": n.id,
    onclick: pick, onkeydown: (e) => key(store, e, n, pick),
    onmouseenter: () => hover(store, n.id), onmouseleave: () => hover(store, null),
    onfocus: () => hover(store, n.id), onblur: () => hover(store, null),
  }, hint, h("rect", { class: "box", width: w, height: tall, rx: 3 }), bar, prior,
  h("rect", { class: "frame", width: w, height: tall, rx: 3 }), label, value);
  store.nodes.set(n.id, { n, el, bar, prior, value, hint, label, two });
  return el;
}

function tspan(text, i, font) {
  const el = document.createElementNS("http://www.w3.org/2000/svg", "tspan");
  el.setAttribute("x", 6);
  if (i) el.setAttribute("dy", font * 0.9);
  el.textContent = text;
  return el;
}

function key(store, event, n, pick) {
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(event); return; }
  const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  let best = null, cost = Infinity;
  for (const { n: m, el } of store.nodes.values()) {
    const dx = (m.x - n.x) * step[0] + (m.y - n.y) * step[1];
    const side = Math.abs((m.x - n.x) * step[1]) * 9 + Math.abs((m.y - n.y) * step[0]);
    if (dx > 0 && dx + side < cost) { cost = dx + side; best = el; }
  }
  best?.focus();
}

function hover(store, id) {
  if (store.pathed) id = null; // a drawn path is not painted over
  for (const { el, a, b } of store.edges) el.classList.toggle("near", id === a || id === b);
}

function zoomed(store, factor, cx, cy) {
  const [x, y, w, hgt] = store.view;
  const nw = Math.min(store.w * 1.5, Math.max(store.w / 8, w * factor)), f = nw / w;
  store.view = [x + (cx ?? w / 2) * (1 - f), y + (cy ?? hgt / 2) * (1 - f), nw, hgt * f];
  store.svg.setAttribute("viewBox", store.view.join(" "));
}

function pan(store) {
  const { svg } = store;
  let from = null;
  svg.addEventListener("pointerdown", (e) => {
    if (e.pointerType !== "touch" && !e.target.closest(".node")) { from = [e.clientX, e.clientY]; svg.setPointerCapture(e.pointerId); }
  });
  svg.addEventListener("pointermove", (e) => {
    if (!from) return;
    const k = store.view[2] / svg.clientWidth;
    store.view[0] -= (e.clientX - from[0]) * k;
    store.view[1] -= (e.clientY - from[1]) * k;
    from = [e.clientX, e.clientY];
    svg.setAttribute("viewBox", store.view.join(" "));
  });
  svg.addEventListener("pointerup", () => { from = null; });
  svg.addEventListener("wheel", (e) => {
    if (!e.ctrlKey) return;
    e.preventDefault();
    const box = svg.getBoundingClientRect(), k = store.view[2] / box.width;
    zoomed(store, e.deltaY > 0 ? 1.15 : 0.87, (e.clientX - box.left) * k, (e.clientY - box.top) * k);
  }, { passive: false });
}

function build(store, g) {
  store.nodes = new Map();
  const place = new Map(g.nodes.map((n) => [n.id, n]));
  store.edges = g.edges.map(([a, b]) => ({ a, b, el: h("path", { class: "edge", d: bend(place.get(a), place.get(b), g) }) }));
  store.w = g.width;
  store.root.style.setProperty("--letters", `${g.font}px`);
  store.root.classList.toggle("map", g.font < 14);
  store.view = [0, 0, g.width, g.height];
  store.svg = h("svg", { viewBox: store.view.join(" "), role: "group", "aria-label": "Network of causes and findings" },
    h("g", { "aria-hidden": "true" }, store.edges.map((e) => e.el)),
    g.columns.map((c) => h("text", { class: "column", x: c.x, y: 16 }, c.label)),
    g.nodes.map((n) => node(store, n, g)));
  const tool = (label, symbol, onclick) => h("button", { type: "button", "aria-label": label, title: label, onclick }, symbol);
  store.root.replaceChildren(
    h("div", { class: "tools" }, h("p", {}, HINT), tool("Zoom in", "+", () => zoomed(store, 0.8)), tool("Zoom out", "−", () => zoomed(store, 1.25)),
      tool("Whole network", "⤢", () => { store.view = [0, 0, g.width, g.height]; store.svg.setAttribute("viewBox", store.view.join(" ")); })),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Network, scrolls sideways on small screens" }, store.svg));
  pan(store);
}

function sync(store, data, w) {
  const lit = data.lit ? new Set(data.lit) : null;
  for (const [id, item] of store.nodes) {
    const v = data.values[id];
    if (!v) continue;
    const { el, bar, prior, value, hint, n } = item;
    bar.setAttribute("width", Math.max(0, Math.min(1, v.p)) * w);
    prior.setAttribute("x1", v.prior * w); prior.setAttribute("x2", v.prior * w);
    value.textContent = (v.kind?.includes("up") ? "▲ " : v.kind?.includes("down") ? "▼ " : "") + v.text;
    if (item.two) fit(item, data.graph, value.textContent);
    else {
      const room = 27 - v.text.length;
      item.label.textContent = v.text.length > 5 && n.short.length > room ? `${n.short.slice(0, room - 1).trim()}…` : n.short;
    }
    hint.textContent = `${n.label}: ${v.say}`;
    el.setAttribute("aria-label", `${n.label}: ${v.say}`);
    el.setAttribute("aria-pressed", String(data.selected === id));
    for (const name of ["up", "down", "seen", "paused"]) el.classList.toggle(name, v.kind?.includes(name) ?? false);
    el.classList.toggle("selected", data.selected === id || data.other === id);
    el.classList.toggle("dim", Boolean(lit && !lit.has(id) && (data.other || !v.kind?.includes("seen"))));
  }
  store.pathed = Boolean(data.other);
  const width = new Map((data.widths ?? []).map(([a, b, x]) => [`${a}>${b}`, x]));
  const paths = new Set((data.paths ?? []).map((e) => e.join(">")));
  for (const { a, b, el } of store.edges) {
    const on = data.other ? paths.has(`${a}>${b}`) : data.selected === a || data.selected === b;
    el.classList.toggle("on", on);
    const x = width.get(`${a}>${b}`);
    el.style.strokeWidth = x == null ? "" : `${(1 + 9 * x).toFixed(1)}`;
    el.classList.toggle("weighed", x != null);
    el.classList.toggle("dim", Boolean(lit && !on && (data.other || !(lit.has(a) && lit.has(b)))));
  }
}

export default function (component) {
  const { data } = component;
  const store = instance(component);
  if (store.shape !== data.graph.id) { store.shape = data.graph.id; build(store, data.graph); }
  sync(store, data, data.graph.node);
  return undefined;
}

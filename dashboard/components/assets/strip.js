// What is in evidence: one chip a finding (pause, remove), undo, redo, reset, and on phones a way to the list.
import { h, instance, send } from "./dom.js";

const OURS = new Set(["s", "e", "l", "p"]);
const MANY = 8; // more chips than fill two lines: the rest is scrolled to, or opened

function chip(store, item) {
  const act = item.paused ? "Resume" : "Pause";
  return h("li", { class: `chip ${item.kind} ${item.paused ? "paused" : ""}`, "data-id": item.id },
    h("button", {
      class: "main", type: "button", "aria-pressed": String(item.paused), title: `${act}: ${item.label}`,
      "aria-label": `${act} ${item.label}: ${item.state}`,
      onclick: () => send(store, { op: "pause", id: item.id }),
    }, h("span", { class: "mark", "aria-hidden": "true" }, item.paused ? "❚❚" : item.mark),
    h("span", { class: "label" }, item.label), item.state && h("span", { class: "state" }, item.state)),
    h("button", {
      class: "drop", type: "button", "aria-label": `Remove ${item.label}`, title: "Remove",
      onclick: () => send(store, { op: "set", id: item.id, state: "" }),
    }, "×"));
}

function tool(store, op, label, symbol, enabled) {
  return h("button", {
    class: "tool", type: "button", disabled: !enabled, title: label, "data-op": op, onclick: () => send(store, { op }),
  }, h("span", { "aria-hidden": "true" }, symbol), h("span", { class: "word" }, label));
}

function toggle(store) {
  store.all = !store.all;
  store.root.querySelector("ul")?.classList.toggle("all", store.all);
  const button = store.root.querySelector(".tool[aria-expanded]");
  button.setAttribute("aria-expanded", String(store.all));
  button.textContent = store.all ? "Fewer" : `All ${store.count}`;
}

/** Keep the case's codes in the address without a step in the browser's history: Back leaves the page, Undo undoes. */
function address(link) {
  const others = [...new URLSearchParams(location.search)].filter(([k]) => !OURS.has(k)).map(([k, v]) => `${k}=${encodeURIComponent(v)}`);
  const query = [...others, link].filter(Boolean).join("&");
  if (location.search.slice(1) !== query) history.replaceState(history.state, "", location.pathname + (query && `?${query}`) + location.hash);
}

/** Say where the focus is: on a tool, or on which button of the how manieth chip. */
function held(store) {
  const at = store.component.parentElement.activeElement;
  if (at?.dataset?.op) return { op: at.dataset.op };
  const item = at?.closest?.("li");
  return item && { id: item.dataset.id, kind: at.className, place: [...item.parentElement.children].indexOf(item) };
}

/** Put the focus back where it was; where that is gone, to what took its place, and never nowhere. */
function hold(store, { op, id, kind, place }) {
  const chips = [...store.root.querySelectorAll("li")];
  const near = chips.find((c) => c.dataset.id === id) ?? chips[Math.min(place ?? 0, chips.length - 1)];
  const tools = [...store.root.querySelectorAll("[data-op]:enabled")];
  const tool = tools.find((t) => t.dataset.op === op) ?? tools[0];
  ((op ? tool : near?.querySelector(`.${kind}`)) ?? tool ?? near?.querySelector("button"))?.focus();
}

function sidebar() {
  document.querySelector('[data-testid="stExpandSidebarButton"]')?.click();
}

export default function (component) {
  const { data } = component;
  const store = instance(component);
  address(data.link);
  const key = JSON.stringify(data);
  if (store.key === key) return undefined;
  const focus = held(store);
  store.key = key;
  store.count = data.chips.length;
  store.root.replaceChildren(
    h("div", { class: "bar" },
      h("span", { class: "who" }, data.who),
      h("span", { class: "tools" },
        h("button", { class: "tool open", type: "button", onclick: sidebar }, "☰ Findings"),
        data.chips.length > MANY && h("button", { class: "tool", type: "button", "aria-expanded": String(Boolean(store.all)), onclick: () => toggle(store) },
          store.all ? "Fewer" : `All ${data.chips.length}`),
        tool(store, "undo", "Undo", "↶", data.undo),
        tool(store, "redo", "Redo", "↷", data.redo),
        tool(store, "reset", "Reset", "⟲", data.chips.length > 0))),
    data.chips.length
      ? h("ul", { class: data.chips.length > MANY ? `many ${store.all ? "all" : ""}` : "", "aria-label": "Findings in evidence", tabindex: data.chips.length > MANY ? 0 : null },
        data.chips.map((c) => chip(store, c)))
      : h("p", { class: "empty" }, data.empty));
  if (focus) hold(store, focus);
  const keys = (e) => {
    if (!(e.ctrlKey || e.metaKey) || /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) return;
    if (e.key.toLowerCase() === "z") { e.preventDefault(); send(store, { op: e.shiftKey ? "redo" : "undo" }); }
  };
  if (store.keys) document.removeEventListener("keydown", store.keys);
  store.keys = keys;
  document.addEventListener("keydown", keys);
  return () => document.removeEventListener("keydown", keys);
}

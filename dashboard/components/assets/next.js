// The best next questions and tests, each with its answers as buttons.
import { h, instance, send } from "./dom.js";

function card(store, item, best) {
  return h("li", { class: best ? "best" : "", "data-id": item.id },
    h("div", { class: "top" }, h("span", { class: "name" }, item.label), h("span", { class: "gain" }, item.gain)),
    h("span", { class: "meter", "aria-hidden": "true" }, h("span", { style: `width:${(100 * item.share).toFixed(1)}%` })),
    item.note && h("p", {}, item.note),
    h("div", { class: "answers", role: "group", "aria-label": `Answers to ${item.label}` },
      item.answers.map(([state, label]) => h("button", {
        type: "button", "aria-label": `${item.label}: ${label}`,
        onclick: () => send(store, { op: "set", id: item.id, state }),
      }, label))));
}

export default function (component) {
  const { data } = component;
  const store = instance(component);
  if (data.spans) {
    globalThis.fascinetSpans = data.spans; // the ranking, drawn before they were known, takes them up
    document.dispatchEvent(new CustomEvent("fascinet:spans"));
  }
  const key = JSON.stringify(data.groups);
  if (store.key === key) return undefined;
  store.key = key;
  store.root.replaceChildren(...data.groups.map((g) => h("section", { "aria-label": g.title },
    h("h2", {}, g.title, h("span", { class: "how" }, g.note)),
    g.items.length ? h("ol", {}, g.items.map((i, n) => card(store, i, n === 0))) : h("p", { class: "none" }, g.empty))));
  return undefined;
}

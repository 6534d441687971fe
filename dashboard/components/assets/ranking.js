// The ranked differential: a table whose bars show posterior, its interval, the prior and responsibility.
import { h, instance, send } from "./dom.js";

const at = (p) => `${(100 * Math.min(1, Math.max(0, p))).toFixed(2)}%`;

function track(row) {
  const parts = [h("span", { class: "bar", style: `width:${at(row.p)}` })];
  if (row.r != null) parts.push(h("span", { class: "share", style: `width:${at(row.r)}` }));
  parts.push(h("span", { class: "whisker", hidden: true }));
  parts.push(h("span", { class: "prior", style: `left:${at(row.prior)}` }));
  return h("span", { class: "track", "aria-hidden": "true" }, parts);
}

function line(store, row, i) {
  const name = h("button", {
    class: "cause", type: "button", "aria-pressed": String(row.focus), title: "Make this the focus of Why, What if and How sure",
    onclick: () => send(store, { op: "focus", id: row.id }),
  }, row.label);
  return h("tr", { class: row.focus ? "focus" : "", "data-id": row.id },
    h("td", { class: "rank" }, String(i + 1)),
    h("th", { scope: "row" }, name, row.serious && h("span", { class: "flag", title: "Must not be missed" }, "must not miss"),
      h("span", { class: "patient" }, row.patient)),
    h("td", { class: "bars" }, track(row)),
    h("td", { class: "post" }, h("b", {}, row.ptext), h("span", { class: "small span" }, "\u00a0")),
    h("td", { class: "from" }, row.priortext, h("span", { class: `small ${row.trend}` }, row.change)),
    h("td", { class: "resp" }, row.rtext));
}

function head(data) {
  return h("thead", {}, h("tr", {},
    h("th", { scope: "col", class: "rank" }, h("span", { class: "sr" }, "Rank")),
    h("th", { scope: "col" }, "Cause"),
    h("th", { scope: "col", class: "bars" }, h("span", { class: "scale", "aria-hidden": "true" },
      ["0", "50", "100 %"].map((t, i) => h("i", { style: `left:${50 * i}%` }, t))), h("span", { class: "sr" }, "Bar")),
    h("th", { scope: "col", class: "post" }, "Now"),
    h("th", { scope: "col", class: "from" }, "Before"),
    h("th", { scope: "col", class: "resp head-sort", "aria-sort": "descending", title: data.help }, "Explains")));
}

/** Draw the intervals, which come after the posteriors, on the rows that still show what they are about. */
function whiskers(store) {
  const spans = globalThis.fascinetSpans ?? {};
  for (const row of store.rows) {
    const span = spans[row.id], line = store.root.querySelector(`tr[data-id="${CSS.escape(row.id)}"]`);
    if (!span || !line || Math.abs(span.p - row.p) > 1e-9) continue;
    const whisker = line.querySelector(".whisker");
    whisker.hidden = false;
    whisker.style.left = at(span.low);
    whisker.style.width = at(span.high - span.low);
    line.querySelector(".span").textContent = span.text;
  }
}

export default function (component) {
  const { data } = component;
  const store = instance(component);
  const later = () => whiskers(store);
  document.addEventListener("fascinet:spans", later);
  const done = () => document.removeEventListener("fascinet:spans", later);
  const key = JSON.stringify(data.rows) + data.all;
  if (store.key === key) return done;
  const focus = component.parentElement.activeElement?.closest?.("tr")?.dataset.id;
  store.key = key;
  store.rows = data.rows;
  store.root.replaceChildren(
    h("table", {}, h("caption", {}, data.caption), head(data), h("tbody", {}, data.rows.map((r, i) => line(store, r, i)))),
    h("div", { class: "foot" },
      h("span", { class: "legend", "aria-hidden": "true" },
        h("span", {}, h("i", { class: "k bar" }), "present now"),
        data.rows.some((r) => r.r != null) && h("span", {}, h("i", { class: "k share" }), "present and explains the findings"),
        h("span", {}, h("i", { class: "k prior" }), "before any finding"),
        h("span", {}, h("i", { class: "k whisker" }), "95 % interval")),
      data.more && h("button", { class: "all", type: "button", onclick: () => send(store, { op: "all" }) }, data.more)));
  if (focus) store.root.querySelector(`tr[data-id="${CSS.escape(focus)}"] button`)?.focus();
  whiskers(store);
  return done;
}

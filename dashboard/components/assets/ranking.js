// The ranked differential: two lines a cause, one large number (what the rows are sorted by), opened in place.
import { h, instance, send } from "./dom.js";

const at = (p) => `${(100 * Math.min(1, Math.max(0, p))).toFixed(2)}%`;

function track(row) {
  return h("span", { class: "track", "aria-hidden": "true" },
    h("span", { class: "bar", style: `width:${at(row.p)}` }),
    h("span", { class: "share", style: `width:${at(row.r)}` }),
    h("span", { class: "whisker", hidden: true }),
    h("span", { class: "prior", style: `left:${at(row.prior)}` }));
}

function name(store, row) {
  return h("th", { scope: "row" },
    h("button", {
      class: "cause", type: "button", "aria-pressed": String(row.focus), title: "Make this the cause in focus of the other pages",
      onclick: () => send(store, { op: "focus", id: row.id }),
    }, row.label),
    h("span", { class: "small" }, row.serious && h("span", { class: "flag", title: "Must not be missed" }, "must not miss"), row.patient));
}

function bars(row) {
  return h("td", { class: "bars" }, track(row),
    h("span", { class: "small" }, `present ${row.ptext} `, h("span", { class: "span" }), ` · before ${row.priortext}`));
}

function opener(store, row) {
  return h("button", {
    class: "open", type: "button", "aria-expanded": String(row.open), "aria-label": `Why ${row.label}`,
    title: "Why, why not, and what would change it", onclick: () => send(store, { op: "open", id: row.id }),
  }, "why");
}

function line(store, row) {
  const classes = [row.focus && "focus", row.entered && "entered", row.open && "opened"].filter(Boolean).join(" ");
  return h("tr", { class: classes, "data-id": row.id },
    h("td", { class: "rank" }, row.rank), name(store, row), bars(row),
    h("td", { class: "resp" }, h("b", {}, row.rtext), row.entered && h("span", { class: "small" }, "entered")),
    h("td", { class: "more" }, !row.entered && opener(store, row)));
}

function detail(row) {
  const part = (title, items, none) => h("div", { class: "part" }, h("h3", {}, title),
    items.length ? h("ul", {}, items.map(([text, note]) => h("li", {}, text, ...(note ? [" ", h("span", { class: "note" }, note.replace(/^([×÷]) /, "$1\u00a0"))] : [])))) : h("p", {}, none));
  const { detail: d } = row;
  return h("tr", { class: "detail", "data-detail": row.id }, h("td", { colspan: 5 },
    d ? h("div", { class: "parts" }, part("For it", d.pro, "Nothing that is known."), part("Against it", d.con, "Nothing that is known."),
      part("What would change it", d.next, "Nothing left to ask or test.")) : h("p", { role: "status" }, "Weighing every finding …")));
}

function nobody(row) {
  return h("tr", { class: "nobody", "data-id": "none" }, h("td", { class: "rank" }), h("th", { scope: "row" }, row.label,
    h("span", { class: "small" }, row.note)), h("td", { class: "bars" }), h("td", { class: "resp" }, h("b", {}, row.text)), h("td", {}));
}

function head(data) {
  return h("thead", {}, h("tr", {},
    h("th", { scope: "col", class: "rank" }, h("span", { class: "sr" }, "Rank")),
    h("th", { scope: "col" }, "Cause"),
    h("th", { scope: "col", class: "bars" }, h("span", { class: "scale", "aria-hidden": "true" },
      ["0", "50", "100%"].map((t, i) => h("i", { style: `left:${50 * i}%` }, t))), h("span", { class: "sr" }, "Bar")),
    h("th", { scope: "col", class: "resp head-sort", "aria-sort": "descending", title: data.help }, "Accounts for"),
    h("th", { scope: "col", class: "more" }, h("span", { class: "sr" }, "Open"))));
}

function rows(store, data) {
  const out = data.rows.flatMap((r) => (r.open ? [line(store, r), detail(r)] : [line(store, r)]));
  return data.none ? [...out, nobody(data.none)] : out;
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
    line.querySelector(".span").textContent = `(${span.text})`;
  }
}

function legend() {
  const item = (kind, text) => h("span", {}, h("i", { class: `k ${kind}` }), text);
  return h("span", { class: "legend" }, item("share", "accounts for the findings: is present and produces what was found"),
    item("bar", "present at all, guilty or innocent"), item("prior", "before: this setting and complaint only"), item("whisker", "95% interval"));
}

export default function (component) {
  const { data } = component;
  const store = instance(component);
  const later = () => whiskers(store);
  document.addEventListener("fascinet:spans", later);
  const done = () => document.removeEventListener("fascinet:spans", later);
  const key = JSON.stringify([data.rows, data.all, data.none]);
  if (store.key === key) return done;
  const active = component.parentElement.activeElement;
  const focus = active?.closest?.("tr")?.dataset.id, kind = active?.classList?.contains("open") ? ".open" : ".cause";
  store.key = key;
  store.rows = data.rows;
  store.root.replaceChildren(
    h("table", {}, h("caption", {}, data.caption), head(data), h("tbody", {}, rows(store, data))),
    h("div", { class: "foot" }, legend(),
      data.more && h("button", { class: "all", type: "button", onclick: () => send(store, { op: "all" }) }, data.more)));
  if (focus) store.root.querySelector(`tr[data-id="${CSS.escape(focus)}"] ${kind}`)?.focus();
  whiskers(store);
  return done;
}

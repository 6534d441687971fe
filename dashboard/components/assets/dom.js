// Shared by all components: build elements from text (never from HTML), and send edits up.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "rect", "line", "path", "text", "title", "circle", "defs", "marker"]);

/** Make an element; strings become text nodes, so that hostile labels stay text. */
export function h(tag, attrs = {}, ...children) {
  const el = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (value === true) el.setAttribute(name, "");
    else if (value !== false && value != null) el.setAttribute(name, String(value));
  }
  el.append(...children.flat().filter((c) => c != null && c !== false));
  return el;
}

const stores = new WeakMap();

const SOON = 2500; // milliseconds

/** State of one instance, kept while its element lives; `make` builds it the first time. */
export function instance(component, make) {
  const { parentElement } = component;
  if (!stores.has(parentElement)) {
    const root = h("div", { class: "root" });
    parentElement.append(root);
    const store = { root, pending: [], wait: SOON, seq: Date.now(), component, ...make?.(root) };
    stores.set(parentElement, store);
  }
  const store = stores.get(parentElement);
  store.component = component;
  const ack = component.data.seq ?? 0;
  store.pending = store.pending.filter((e) => e.seq > ack);
  store.stale = store.pending.length > 0;
  clearTimeout(store.timer);
  if (store.stale) store.timer = setTimeout(() => flush(store), store.wait);
  return store;
}

function flush(store) {
  clearTimeout(store.timer);
  if (store.pending.length) {
    // a trigger sent while the page is still being drawn can get lost: send again until confirmed,
    // less and less often, since each ends the run that would confirm it on a slow machine
    store.timer = setTimeout(() => flush(store), store.wait);
    store.wait *= 2;
    store.component.setTriggerValue("edit", { edits: store.pending.map((e) => ({ ...e })) });
  }
}

/** Send one edit; all edits that Python has not yet confirmed travel with it. */
export function send(store, edit) {
  store.seq = Math.max(store.seq + 1, Date.now());
  store.pending.push({ ...edit, seq: store.seq });
  store.wait = SOON;
  flush(store);
}

/** Replace an element's children only when the described content changed. */
export function refresh(el, key, build) {
  if (el.dataset.key === key) return;
  el.dataset.key = key;
  el.replaceChildren(...build());
}

/** Keys that work anywhere on the page, and the list of them. */
import { element } from "./dom.js";

const TAKES_LETTERS = "input:not([type=range]), textarea, select, [contenteditable=true], [role=dialog] *, "
  + "dialog:not(.panda-screen) *, [role=combobox]";
const TAKES_SPACE = `${TAKES_LETTERS}, button, summary, a[href], [role=tab], [role=switch]`;
const TAKES_ARROWS = `${TAKES_LETTERS}, input, [role=slider], [role=tab], [role=radio], [role=listbox] *`;

/** What takes a key itself where it has the focus. @type {Record<string, string>} */
const TAKES = {
  " ": TAKES_SPACE, ArrowLeft: TAKES_ARROWS, ArrowRight: TAKES_ARROWS, ArrowUp: TAKES_ARROWS, ArrowDown: TAKES_ARROWS,
};

/** A row of the list: `says` names its keys; `does(key)` is called if it is `due` now. Without `does`, some part of the
 * page has its own listener.
 * @typedef {object} Shortcut
 * @property {string} says
 * @property {string} words
 * @property {string[]} [keys]
 * @property {() => boolean} [due]
 * @property {(key: string) => void} [does]
 */

/** Listen for keys; returns a function that ends it. @param {Shortcut[]} rows */
export function listen(rows) {
  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const { key, target } = event;
    if (event.defaultPrevented || event.repeat && key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/** @type {Partial<Element>} */ (target).closest?.(TAKES[key] ?? TAKES_LETTERS)) return;
    const row = rows.find(({ keys, due }) => keys?.includes(key.length === 1 ? key.toLowerCase() : key) && (due?.() ?? true));
    if (!row) return;
    event.preventDefault();
    row.does?.(key);
  }

  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

/** A dialog with the list of keys; `open()` shows it. @param {Shortcut[]} rows */
export function keyList(rows) {
  const list = element("dl", {}, ...rows.map(({ says, words }) => element("div", {},
    element("dt", {}, ...says.split(" ").map((key) => element("kbd", { text: key }))), element("dd", { text: words }))));
  const close = element("button", { type: "button", class: "panda-button", text: "Close", on: { click: () => node.close() } });
  const title = element("h2", { text: "Keys", id: "panda-keys-title" });
  const node = element("dialog", { class: "panda-keylist", "aria-labelledby": "panda-keys-title" }, title, list, close);
  return { node, open: () => { if (!node.open) node.showModal(); } };
}

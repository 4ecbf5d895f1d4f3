/** One tab stop for a row of controls, as in a toolbar: arrows, Home and End move among them. */

const CONTROLS = "button, select, input";
/** @type {Record<string, (at: number, last: number) => number>} */
const MOVES = { ArrowLeft: (at) => at - 1, ArrowRight: (at) => at + 1, Home: () => 0, End: (_, last) => last };

/** @typedef {HTMLButtonElement | HTMLSelectElement | HTMLInputElement} Control */

/** Make `node` one; Tab comes to its first control.
 * @param {HTMLElement} node
 * @param {string} label
 */
export function toolbar(node, label) {
  node.setAttribute("role", "toolbar");
  node.setAttribute("aria-label", label);
  const all = () => /** @type {Control[]} */ ([...node.querySelectorAll(CONTROLS)]);

  /** @param {Control} current */
  function stopAt(current) {
    for (const one of all()) one.tabIndex = one === current ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const target = /** @type {Control} */ (event.target);
    if (!(event.key in MOVES) || event.ctrlKey || event.metaKey || event.altKey || keepsKey(target, event.key)) return;
    const there = all().filter((one) => !one.disabled && one.checkVisibility());
    const next = there[MOVES[event.key](there.indexOf(target), there.length - 1)];
    event.preventDefault();
    next?.focus();
  }

  node.addEventListener("keydown", onKey);
  node.addEventListener("focusin", ({ target }) => stopAt(/** @type {Control} */ (target)));
  node.addEventListener("focusout", ({ relatedTarget }) => {
    if (!node.contains(/** @type {Node | null} */ (relatedTarget))) stopAt(all()[0]);
  });
  stopAt(all()[0]);
}

/** Whether a text field needs the key to move within its text.
 * @type {(target: Control, key: string) => boolean} */
function keepsKey(target, key) {
  if (!(target instanceof HTMLInputElement)) return false;
  const [from, to] = [target.selectionStart, target.selectionEnd];
  const atEdge = key === "ArrowLeft" ? to === 0 : key === "ArrowRight" && from === target.value.length;
  return !atEdge;
}

/** Whether charts over steps show only what came since the last nudge: a state of the browser, kept over a reload. The
 * bar has the button, the charts follow. */
import { attribute, element } from "./dom.js";
import { recalled, remember } from "./remembered.js";

/** @import { Status } from "./types.js" */

const NAME = "since the last nudge";

/** @type {Set<() => void>} */
const listeners = new Set();
let on = recalled(NAME) === true;

/** The step from which charts over steps are shown: that of the last nudge which has been made; null for all.
 * @param {Status | null} status */
export function firstStep(status) {
  const made = (status?.marks ?? []).filter((step) => step <= (status?.step ?? 0));
  return on ? made.at(-1) ?? null : null;
}

/** Be told when a person chooses; returns a function that ends it. @param {() => void} listener */
export function followSince(listener) {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

/** The button, and `show(status)` that brings it up to date. */
export function sinceButton() {
  const node = element("button", { type: "button", class: "panda-log", text: "Since the last nudge",
    title: "Show the charts over steps from the last nudge on", disabled: true, on: { click: press } });

  function press() {
    on = !on;
    remember(NAME, on);
    attribute(node, "aria-pressed", String(on));
    listeners.forEach((listener) => listener());
  }

  /** @param {Status} status */
  function show(status) {
    attribute(node, "aria-pressed", String(on));
    node.disabled = !status.marks?.length;
  }

  return { node, show };
}

/** The line above the charts: what has gone wrong in the run, and whether charts show only what came since the last
 * nudge. It always has the same height, so that the page does not move. */
import { attribute, element, write } from "./dom.js";
import { recalled, remember } from "./remembered.js";

/** @import { Command, Status, Wrong } from "./types.js" */

const SINCE = "since the last nudge";

/** The line; `changed()` is called when a person chooses which steps are shown.
 * @param {Command} command
 * @param {() => void} changed
 */
export function viewBar(command, changed) {
  let on = recalled(SINCE) === true;
  /** @type {Status | null} */
  let last = null;
  const said = element("span");
  const repair = element("button", { type: "button", class: "panda-button", on: {
    click: () => command({ type: "repair" }) } });
  const line = element("div", { class: "panda-wrong-line", role: "alert", hidden: true }, said, repair);
  const since = element("button", { type: "button", class: "panda-log", text: "Since the last nudge",
    title: "Show the charts over steps from the last nudge on", on: { click: press } });
  const node = element("div", { class: "panda-part panda-view" }, line, since);

  function press() {
    on = !on;
    remember(SINCE, on);
    changed();
  }

  /** @param {Wrong | null | undefined} wrong */
  function tell(wrong) {
    write(said, wrong?.sentence ?? "");
    attribute(said, "title", wrong?.more || null);
    write(repair, wrong?.repair ?? "");
    line.hidden = !wrong;
  }

  /** @param {Status} status */
  function show(status) {
    last = status;
    tell(status.wrong);
    attribute(since, "aria-pressed", String(on));
    since.disabled = !status.marks?.length;
  }

  /** The step from which charts over steps are shown: that of the last nudge which has been made; null for all. */
  function from() {
    const made = (last?.marks ?? []).filter((step) => step <= (last?.step ?? 0));
    return on ? made.at(-1) ?? null : null;
  }

  return { node, show, from };
}

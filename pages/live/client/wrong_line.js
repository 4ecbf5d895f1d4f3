/** What has gone wrong in the run, and the button that repairs it. It takes its room from the timeline beside it, so that
 * the page does not move. */
import { focusPlay } from "./bar.js";
import { attribute, element, write } from "./dom.js";

/** @import { Command, RunStatus } from "./types.js" */

/** The line, and `show(status)` that brings it up to date. @param {Command} command */
export function wrongLine(command) {
  const said = element("span");
  const repair = element("button", { type: "button", class: "panda-button", on: {
    click: () => command({ type: "repair" }) } });
  const node = element("div", { class: "panda-wrong-line", role: "alert", hidden: true }, said, repair);

  /** @param {RunStatus} status */
  function show({ wrong }) {
    write(said, wrong?.sentence ?? "");
    attribute(said, "title", wrong?.more || null);
    write(repair, wrong?.repair ?? "");
    if (!wrong && node.contains(document.activeElement)) focusPlay(); // what is hidden would drop the focus
    node.hidden = !wrong;
  }

  return { node, show };
}

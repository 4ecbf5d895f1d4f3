/** What a person should know about a run, under its bar. */
import { errorLine } from "./bar.js";
import { element, write } from "./dom.js";
import { number } from "./format.js";

/** @import { LinkState, RunStatus } from "./types.js" */

/** The lines under the bar: the connection, an error, notices.
 * @param {HTMLElement} root
 */
export function notices(root) {
  const connection = element("p", { class: "panda-notice panda-warning", role: "status" });
  const wrong = errorLine();
  const hints = element("div", { class: "panda-hints", role: "status" });
  const past = element("p", { class: "panda-notice", role: "status" });
  root.append(element("div", { class: "panda-notices" }, connection, wrong.node, past, hints));
  let hintsShown = "[]";

  /** @param {RunStatus} status */
  function show(status) {
    write(past, pastText(status));
    const next = JSON.stringify(status.notices ?? []);
    if (next === hintsShown) return;
    hintsShown = next;
    hints.replaceChildren(...(status.notices ?? []).map((text) => element("p", { class: "panda-notice", text })));
  }

  /** @type {(state: LinkState, sentence: string) => void} */
  const link = (state, sentence) => write(connection, state === "open" ? "" : sentence);
  return { error: wrong.show, show, link };
}

/** The notice while an earlier step is shown, or the run is replayed; otherwise empty. @param {RunStatus} status */
export function pastText({ looking, catching_up: goal, step }) {
  if (goal !== null && goal !== step) return `Replaying to step ${number(goal)}…`;
  if (!looking) return "";
  return `The run as it was at step ${number(step)}. Play or change a setting, and it goes on from here as a branch.`;
}

/** What a person should know about a run, under its bar. */
import { errorLine } from "./bar.js";
import { element, write } from "./dom.js";
import { number } from "./format.js";

/** @import { Command, LinkState, RunStatus, Trouble } from "./types.js" */

/** The lines under the bar: the connection, an error, trouble in the run, notices.
 * @param {HTMLElement} root
 * @param {Command} command
 */
export function notices(root, command) {
  const connection = element("p", { class: "panda-notice panda-warning", role: "status" });
  const wrong = errorLine();
  const trouble = element("div", { class: "panda-notice panda-trouble", role: "alert" });
  const hints = element("div", { class: "panda-hints", role: "status" });
  const past = element("p", { class: "panda-notice", role: "status" });
  root.append(element("div", { class: "panda-notices" }, connection, wrong.node, trouble, past, hints));
  let troubleShown = "null";
  let hintsShown = "[]";

  /** @param {Trouble | null} next */
  function showTrouble(next) {
    troubleShown = JSON.stringify(next ?? null);
    if (!next) return trouble.replaceChildren();
    /** @type {(step: number, label: string) => HTMLButtonElement} */
    const back = (step, label) => element("button", {
      type: "button", class: "panda-button", text: label, on: { click: () => command({ type: "rewind", step }) } });
    const { sentence, step, before_nudge: before } = next;
    trouble.replaceChildren(
      element("span", { text: sentence }),
      element("span", { class: "panda-buttons" },
        step !== null && back(step, `Go back to step ${number(step)}`),
        before !== null && before !== step && back(before, `Go back to before the nudge, step ${number(before)}`)));
  }

  /** @param {RunStatus} status */
  function show(status) {
    write(past, pastText(status));
    if (JSON.stringify(status.trouble ?? null) !== troubleShown) showTrouble(status.trouble);
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

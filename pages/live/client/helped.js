/** Did it help? The line under the control that was moved last: the run beside its twin, "luck?", and a way to dismiss.
 *
 * It changes several times a second, so it is no live region; a screen reader reads it where it is looked for.
 */
import { capital } from "./dial_text.js";
import { attribute, element, write } from "./dom.js";

/** @import { Command, Helped, HelpedData, Part, Status } from "./types.js" */

const LUCK = "Pauses, and repeats the steps since this nudge under 16 other seeds, with it and without it: is it more "
  + "than chance?";
const DISMISS = "Dismiss the twin; the next nudge gets one again";

/** The line; `show(helped, place)` puts it into `place`, or takes it away where either is missing.
 * @param {Command} command
 */
export function helpedLine(command) {
  const words = element("span", { class: "panda-effect" });
  const luck = element("button", { type: "button", class: "panda-link", text: "luck?", title: LUCK,
    "aria-label": "Luck or nudge?", on: { click: () => command({ type: "start_seed_test" }) } });
  const dismiss = element("button", { type: "button", class: "panda-link panda-dismiss", text: "×", title: DISMISS,
    "aria-label": "Dismiss the twin", on: { click: () => command({ type: "dismiss" }) } });
  const twin = element("span", { class: "panda-which" });
  const found = element("span", { class: "panda-which" });
  const node = element("div", { class: "panda-answer", role: "group", "aria-label": "Did it help?" },
    element("div", {}, words, luck, dismiss), found, twin);

  /** @type {(helped: Helped | null | undefined, place: Element | null | undefined) => void} */
  function show(helped, place) {
    if (!helped || !place) return node.remove();
    if (node.parentElement !== place) place.append(node);
    write(words, capital(helped.words));
    write(twin, helped.twin);
    write(found, helped.luck ?? "");
    attribute(luck, "hidden", Boolean(helped.luck) || helped.after < 1);
  }

  return { show };
}

/** The part "helped" in `root`: the line of one control, or of any.
 * @param {HTMLElement} root
 * @returns {Part<Status, HelpedData>}
 */
export function helpedPart(root) {
  let control = "";
  /** @type {Command} */
  let command = () => "";
  const line = helpedLine((message) => command(message));

  /** @param {{ status: Status }} frame */
  function frame({ status: { helped } }) {
    line.show(helped, !control || helped?.control === control ? root : null);
  }

  return {
    update({ data }, channel) {
      control = data.control;
      command = channel.send;
      if (channel.status) frame({ status: channel.status });
    },
    listens: { frame },
  };
}

/** The bar of three networks that train side by side: play, 50 steps, start again, and their losses. */
import { barListener, errorLine, follow, playButton, readoutList } from "./bar.js";
import { element } from "./dom.js";
import { loss, number } from "./format.js";

/** @import { Channel, LabStatus, Part } from "./types.js" */

/** The part "lab-bar" in `root`.
 * @param {HTMLElement} root
 * @returns {Part<LabStatus>}
 */
export function labBar(root) {
  /** @type {Channel} */
  let channel;
  /** @type {{ show(status: LabStatus): void } | null} */
  let readouts = null;
  /** @param {"play" | "pause" | "more" | "restart"} type */
  const command = (type) => channel.send({ type });
  const play = playButton("Train all three, or pause", command, () => channel.kept());
  const more = button("50 steps", "Train all three by 50 steps", () => command("more"));
  const again = button("Start again", "The same networks untrained", () => command("restart"));
  const wrong = errorLine();
  const controls = element("div", { class: "panda-controls" }, play.node, more, again);
  const bar = element("div", { class: "panda-bar", role: "group", "aria-label": "Train the networks" }, controls);
  root.append(bar, wrong.node);

  /** A readout for the step and one for each network. @param {string[]} names */
  function layOut(names) {
    /** @type {[string, string, (status: LabStatus) => string][]} */
    const rows = [["step", "steps taken", ({ step }) => number(step)]];
    names.forEach((name, i) => rows.push([name, `loss, ${name}`, ({ losses }) => loss(losses[i], 3)]));
    const made = readoutList("Where the networks are", rows);
    bar.append(made.node);
    return made;
  }

  /** @param {{ status: LabStatus }} frame */
  function frame({ status }) {
    readouts ??= layOut(status.names);
    play.show(status);
    play.node.disabled = more.disabled = status.done;
    readouts.show(status);
  }

  return { update: follow(frame, (its) => { channel = its; }), listens: barListener(frame, play, wrong) };
}

/** @type {(text: string, title: string, click: () => void) => HTMLButtonElement} */
function button(text, title, click) {
  return element("button", { type: "button", class: "panda-button", title, text, on: { click } });
}

/** What presenter mode shows above the charts: the run's numbers in large type, and a few buttons. */
import { playButton, readoutList } from "./bar.js";
import { attribute, element, write } from "./dom.js";
import { loss, number } from "./format.js";
import { pastText } from "./notices.js";
import { phone } from "./phone.js";
import { choose, follow, move, present, presenting } from "./presenting.js";

/** @import { Seek } from "./seek.js" */
/** @import { Command, Message, RunStatus } from "./types.js" */
/** @typedef {import("./shortcuts.js").Shortcut} Shortcut */

/** Readouts: label, tooltip, text for a status.
 * @type {[string, string, (status: RunStatus) => string][]} */
const READOUTS = [
  ["step", "steps taken", ({ step }) => number(step)],
  ["loss", "loss of the mini-batches, averaged", (status) => loss(status.loss, 4)],
  ["last nudge", "the last change of a setting", ({ nudge }) => (nudge ? `${nudge.text} at step ${number(nudge.step)}` : "none")],
];

/** The stage in `root`, and its keys. `code()` is where the server has the QR code.
 * @param {HTMLElement} root
 * @param {Command} command
 * @param {() => Message[]} kept
 * @param {() => string} code
 * @param {Seek} seek
 */
export function stage(root, command, kept, code, seek) {
  const play = playButton("Play or pause (space bar)", (type) => command({ type }), kept);
  const readouts = readoutList("Where the run is", READOUTS);
  const said = element("p", { class: "panda-said", role: "status" });
  const onPhone = phone();
  const show = button("QR code", "Show a QR code that opens this run on a phone", showCode);
  const leave = button("Leave", "Leave presenter mode (P or Esc)", () => present(false));
  const node = element("div", { class: "panda-stage", role: "group", "aria-label": "Presenter mode", tabindex: -1 },
    readouts.node, element("div", { class: "panda-buttons" }, play.node, show, leave), said);
  root.append(node, onPhone.node);
  attribute(show, "aria-pressed", "false");
  const style = document.documentElement.style;
  const height = new ResizeObserver(() => style.setProperty("--panda-stage", `${node.offsetHeight}px`));
  height.observe(node);
  node.addEventListener("click", ({ detail }) => { if (detail) focus(); }); // after a mouse's click Space still plays

  const focus = () => node.focus({ preventScroll: true });

  function showCode() {
    attribute(show, "aria-pressed", String(onPhone.toggle(code())));
  }

  /** The mode was entered or left, or shows other charts. */
  function turned() {
    if (presenting() && !node.contains(document.activeElement)) focus();
    if (presenting()) return;
    onPhone.hide();
    attribute(show, "aria-pressed", "false");
  }

  function escape() {
    if (onPhone.node.hidden) present(false);
    else showCode();
  }

  /** One step on or back; a run that plays is paused. @param {string} key */
  function step(key) {
    if (!root.classList.contains("panda-watching")) seek.walk(key === "ArrowRight" ? 1 : -1);
  }

  /** @param {RunStatus} next */
  function update(next) {
    play.show(next);
    readouts.show(next);
    write(said, next.wrong?.sentence ?? pastText(next));
  }

  /** @type {Shortcut[]} */
  const keys = [
    { says: "P", words: "Presenter mode: one or two charts fill the screen", keys: ["p"], does: () => present(!presenting()) },
    ...[
      { says: "Esc", words: "Leave presenter mode", keys: ["Escape"], does: escape },
      { says: "1 … 9", words: "In presenter mode: show this chart, too; alone if it is shown", keys: [..."123456789"],
        does: (/** @type {string} */ key) => choose(Number(key) - 1) },
      { says: "← →", words: "In presenter mode: pause, then one step back or on", keys: ["ArrowLeft", "ArrowRight"], does: step },
      { says: "↑ ↓", words: "In presenter mode: the chart before or the next", keys: ["ArrowUp", "ArrowDown"],
        does: (/** @type {string} */ key) => move(key === "ArrowDown" ? 1 : -1) },
    ].map((row) => ({ ...row, due: presenting })),
  ];
  const unfollow = follow(turned);
  return { keys, show: update, recall: () => play.show(), remove: () => { unfollow(); height.disconnect(); } };
}

/** @type {(text: string, title: string, click: () => void) => HTMLButtonElement} */
function button(text, title, click) {
  return element("button", { type: "button", class: "panda-button", title, text, on: { click } });
}

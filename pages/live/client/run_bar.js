/** The bar that plays a run: play, pause, steps, speed, where to stop, and readouts. */
import { playButton, readoutList } from "./bar.js";
import { attribute, element, freshId, icon } from "./dom.js";
import { loss, number, percent, perSecond } from "./format.js";
import { notices } from "./notices.js";
import { end, present, resume } from "./presenting.js";
import { seek } from "./seek.js";
import { keyList, listen } from "./shortcuts.js";
import { sinceButton } from "./since_nudge.js";
import { stage } from "./stage.js";
import { stopField } from "./stop_field.js";
import { timeline } from "./timeline.js";
import { toolbar } from "./toolbar.js";
import { wrongLine } from "./wrong_line.js";

/** @import { Seek } from "./seek.js" */
/** @import { Channel, Command, Component, Message, Part, RunBarData, RunStatus } from "./types.js" */
/** @typedef {import("./shortcuts.js").Shortcut} Shortcut */

const STEP = "M3 2.5v11l6.5-5.5zM10.5 2.5H13v11h-2.5z";
const EPOCH = "M1.5 2.5v11L7 8zM7 2.5v11L12.5 8zM12.5 2.5h2v11h-2z";
const MORE = "M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z";
const SCREEN = "M1.5 2.5h13v9h-13zM5 13h6v1.5H5z";

/** How far the epoch is. @param {RunStatus} status */
const share = ({ examples }) => (examples?.[1] ? `${Math.floor((100 * examples[0]) / examples[1])} %` : "–");

/** Readouts: label, tooltip, text for a status.
 * @type {[string, string, (status: RunStatus) => string][]} */
const READOUTS = [
  ["step", "steps taken", (s) => number(s.step)],
  ["epoch", "epochs begun, and how far this one is", (s) => `${number(s.epoch)} · ${share(s)}`],
  ["steps/s", "steps a second", (s) => (s.playing ? perSecond(s.rate) : "–")],
  ["loss", "loss of the mini-batches, averaged", (s) => loss(s.loss, 4)],
  ["train", "accuracy on the training set", (s) => percent(s.train_accuracy)],
  ["dev", "accuracy on the dev set", (s) => percent(s.dev_accuracy)],
];

/** Keys that other parts of the page listen to themselves. @type {Shortcut[]} */
const ELSEWHERE = [
  { says: "← → ↑ ↓", words: "On a dial: a hundredth of its scale; with Shift a thousandth" },
  { says: "PageUp PageDown Home End", words: "On a dial: a tenth of its scale, its least and its greatest value" },
];

/** The part "run-bar" in `root`.
 * @param {HTMLElement} root
 * @returns {Part<RunStatus, RunBarData>}
 */
export function runBar(root) {
  /** @type {Component<RunBarData>} */
  let component;
  /** @type {Channel<RunStatus>} */
  let channel;
  /** @type {Command} */
  const command = (message) => channel.send(message);
  const kept = () => channel.kept();
  const seeking = seek(command);
  const view = build(root, command, seeking, kept, (how) => component.setTriggerValue("restart", how));
  const notice = notices(root);
  const onStage = stage(root, command, kept, () => component.data.phone, seeking);
  /** @type {Shortcut[]} */
  const keys = [
    { says: "Space", words: "Play or pause", keys: [" "], does: () => view.play.node.click(),
      due: () => !root.classList.contains("panda-watching") },
    ...onStage.keys,
    { says: "?", words: "This list", keys: ["?"], does: () => list.open() },
  ];
  const list = keyList([...keys, ...ELSEWHERE]);
  const unlisten = listen(keys);
  view.openList(list.open);
  root.append(list.node);
  const height = new ResizeObserver(() => { // what stays in sight below the bar is placed by it
    document.documentElement.style.setProperty("--panda-bar", `${root.offsetHeight}px`);
  });
  height.observe(root);
  resume();

  return {
    update(next, itsChannel) {
      if (component && component.data.token !== next.data.token) toTop(root);
      component = next;
      channel = itsChannel;
      view.offer(component.data);
    },
    listens: {
      frame({ status }) {
        seeking.show(status);
        view.show(status);
        onStage.show(status);
        notice.show(status);
      },
      link(state, sentence) {
        if (state !== "open") {
          view.play.show();
          onStage.recall();
        }
        notice.link(state, sentence);
      },
      error({ sentence }) {
        view.recall();
        onStage.recall();
        notice.error(sentence);
      },
    },
    remove() {
      end();
      height.disconnect();
      unlisten();
      onStage.remove();
    },
  };
}

/** The page stands at the bar and the charts of a run that was just started or opened.
 * @param {HTMLElement} root
 */
function toTop(root) {
  root.closest('[data-testid="stMain"]')?.scrollTo({ top: 0 });
}

/** The bar itself; `show(status)` brings it up to date.
 * @param {HTMLElement} root
 * @param {Command} command
 * @param {Seek} seeking
 * @param {() => Message[]} kept
 * @param {(how: "same" | "new") => void} restart
 */
function build(root, command, seeking, kept, restart) {
  const play = playButton("Play or pause (space bar)", (type) => command({ type }), kept);
  const step = button("Step", STEP, () => command({ type: "step" }), "One step", "panda-terse");
  const pass = "One epoch: once through the training set";
  const epoch = button("Epoch", EPOCH, () => command({ type: "epoch" }), pass, "panda-terse");
  const speed = speedChoice(command);
  const stop = stopField(command);
  const same = button("Restart", null, () => restart("same"), "Restart this run with the same weights");
  const fresh = button("New weights", null, () => restart("new"), "Restart with new weights, from another seed");
  const restarts = element("div", { class: "panda-buttons", role: "group", "aria-label": "Restart" }, same, fresh);
  const seldom = element("div", { class: "panda-seldom", id: freshId("seldom") }, stop.node, restarts);
  const often = element("div", { class: "panda-buttons", role: "group", "aria-label": "Play" }, play.node, step, epoch);
  const controls = element("div", { class: "panda-controls" }, often, speed.node, opener(root, seldom), seldom);
  toolbar(controls, "Play, speed, where to stop, restart");
  const readouts = readoutList("Where the run is", READOUTS);
  const times = timeline(seeking);
  let openList = () => {};
  const wide = button("Present", SCREEN, () => present(true), "Presenter mode: charts fill the screen (P)", "panda-terse");
  const list = button("?", null, () => openList(), "Keys (?)");
  const wrong = wrongLine(command);
  const since = sinceButton();
  const last = element("div", { class: "panda-last" }, times.node, wrong.node,
    element("div", { class: "panda-buttons" }, since.node, wide, list));
  root.append(element("div", { class: "panda-bar", role: "group", "aria-label": "Play the run" },
    controls, readouts.node, last));

  /** @param {RunBarData} data */
  function offer(data) {
    restarts.hidden = !data.restart;
    speed.offer(data.speeds);
  }

  /** @param {RunStatus} status */
  function show(status) {
    for (const shown of [play, speed, readouts, stop, times, wrong, since]) shown.show(status);
  }

  /** Something that was asked for will not be done: show what is true. */
  function recall() {
    play.show();
    speed.recall();
    stop.recall();
  }

  return { play, offer, show, recall, openList: (/** @type {() => void} */ open) => { openList = open; } };
}

/** The button that shows what a narrow window hides.
 * @param {HTMLElement} root
 * @param {HTMLElement} hidden
 */
function opener(root, hidden) {
  const node = button("", MORE, () => {
    attribute(node, "aria-expanded", root.classList.toggle("panda-open") ? "true" : "false");
  }, "Where to stop, restart", "panda-more");
  attribute(node, "aria-expanded", "false");
  attribute(node, "aria-controls", hidden.id);
  return node;
}

/** A button with a text, an icon or both.
 * @type {(text: string, path: string | null, click: () => void, title: string, css?: string) => HTMLButtonElement} */
function button(label, path, click, title, extra = "") {
  const text = label && element("span", { text: label });
  const props = { type: "button", class: `panda-button ${extra}`, title, on: { click } };
  return element("button", label ? props : { ...props, "aria-label": title }, path && icon(path), text);
}

/** The choice of speed. @param {Command} command */
function speedChoice(command) {
  let current = "";
  const node = element("select", {
    "aria-label": "Speed", title: "Speed",
    on: { change: () => command({ type: "speed", steps: Number(node.value) }) },
  });

  /** @param {RunBarData["speeds"]} speeds */
  function offer(speeds) {
    const options = JSON.stringify(speeds);
    if (node.dataset.options === options) return;
    node.dataset.options = options;
    node.replaceChildren(...speeds.map(([value, label]) => element("option", { value, text: label })));
    if (current) node.value = current;
  }

  /** @param {RunStatus} status */
  function show({ speed }) {
    const changed = current !== String(speed);
    current = String(speed);
    if (changed || document.activeElement !== node) recall();
  }

  function recall() {
    if (current) node.value = current;
  }

  return { node, offer, show, recall };
}

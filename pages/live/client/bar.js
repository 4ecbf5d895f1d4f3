/** What the bars of a run, a search and a lab have in common. */
import { attribute, element, icon, write } from "./dom.js";

/** @import { Channel, Component, Fate, Listener, Message, Status } from "./types.js" */

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 2.5h3v11H4zM9 2.5h3v11H9z";
const ERROR_STAYS = 8000; // ms

/** @typedef {ReturnType<typeof playButton>} PlayButton */
/** @typedef {ReturnType<typeof errorLine>} ErrorLine */

/** The button that plays and pauses. `command(type)` sends "play" or "pause"; `kept()` are the messages that wait for a
 * connection. If one of these plays or pauses, the button shows the wanted state, so that a second click takes it back.
 * @param {string} title
 * @param {(type: "play" | "pause") => Fate} command
 * @param {() => Message[]} kept
 */
export function playButton(title, command, kept) {
  /** @type {Status | null} */
  let status = null;
  let asked = ""; // "play" or "pause", from when it is kept until a frame answers it
  const drawing = icon(PLAY);
  const [path] = drawing.children;
  const label = element("span", { text: "Play" });
  const node = element("button", { type: "button", class: "panda-button panda-play", title, on: { click: toggle } },
    drawing, label);
  const playing = () => (asked ? asked === "play" : Boolean(status?.playing));

  function toggle() {
    const type = playing() ? "pause" : "play";
    if (command(type) === "kept") asked = type;
    paint();
  }

  const waiting = () => kept().filter(({ type }) => type === "play" || type === "pause").at(-1)?.type ?? "";

  function paint() {
    write(label, playing() ? "Pause" : "Play");
    attribute(path, "d", playing() ? PAUSE : PLAY);
  }

  /** Show the state in `next`, or what waits to be sent. */
  function show(next = status) {
    status = next;
    asked = waiting();
    paint();
  }

  return { node, show };
}

/** Give the focus to the play button that is in sight: that of the page, or of presenter mode. */
export function focusPlay() {
  /** @type {NodeListOf<HTMLElement>} */
  const buttons = document.querySelectorAll(".panda-play");
  [...buttons].find((button) => button.checkVisibility({ visibilityProperty: true }))?.focus({ preventScroll: true });
}

/** A line for errors: `show(sentence)` clears it after 8 s, `stay(sentence)` keeps it until the next; "" empties it. */
export function errorLine() {
  const node = element("p", { class: "panda-notice panda-warning", role: "alert" });
  let timer = 0;

  /** @param {string} sentence */
  function stay(sentence) {
    clearTimeout(timer);
    write(node, sentence);
  }

  /** @param {string} sentence */
  function show(sentence) {
    stay(sentence);
    timer = setTimeout(() => write(node, ""), ERROR_STAYS);
  }

  return { node, show, stay };
}

/** A list of labelled numbers: each row is [label, tooltip, text for a status].
 * @template {Status} S
 * @param {string} label
 * @param {[string, string, (status: S) => string][]} rows
 */
export function readoutList(label, rows) {
  const values = rows.map(() => element("dd"));
  const node = element("dl", { class: "panda-readouts", "aria-label": label },
    ...rows.map(([name, title], i) => element("div", { title }, element("dt", { text: name }), values[i])));
  /** @param {S} status */
  const show = (status) => rows.forEach(([, , text], i) => write(values[i], text(status)));
  return { node, show };
}

/** The listener of a bar that shows errors and the connection in one line.
 * @template {Status} S
 * @param {(frame: { status: S }) => void} frame
 * @param {PlayButton} play
 * @param {ErrorLine} wrong
 * @returns {Listener<S>}
 */
export function barListener(frame, play, wrong) {
  return {
    frame,
    link(state, sentence) {
      if (state !== "open") play.show();
      wrong.stay(state === "open" ? "" : sentence);
    },
    error({ sentence }) {
      play.show();
      wrong.show(sentence);
    },
  };
}

/** The `update` of a part: take the channel and show its last status, because no new frame may come.
 * @template {Status} S
 * @param {(frame: { status: S }) => void} frame
 * @param {(channel: Channel<S>) => void} take
 * @returns {(component: Component, channel: Channel<S>) => void}
 */
export function follow(frame, take) {
  return (_, channel) => {
    take(channel);
    if (channel.status) frame({ status: channel.status });
  };
}

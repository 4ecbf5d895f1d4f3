/** Parts that all bars share: the play button, the error line and the readouts. */
import { attribute, element, icon, write } from "./dom.js";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 2.5h3v11H4zM9 2.5h3v11H9z";
const ERROR_STAYS = 8000; // ms

/** The play/pause button. `command(type)` sends "play" or "pause" and returns "sent", "kept" or "". While a command is
 * kept because there is no connection, the button shows the wanted state, so that a second click takes it back. */
export function playButton(title, command) {
  let status = null;
  let asked = null; // "play" or "pause", while it is kept
  const shape = { true: PAUSE, false: PLAY };
  const node = element("button", { type: "button", class: "panda-button panda-play", title, on: { click: toggle } },
    icon(PLAY), element("span", { text: "Play" }));
  const path = node.querySelector("path");
  const playing = () => (asked ? asked === "play" : Boolean(status?.playing));

  function toggle() {
    const type = playing() ? "pause" : "play";
    if (command(type) === "kept") asked = type;
    paint();
  }

  function paint() {
    write(node.lastChild, playing() ? "Pause" : "Play");
    attribute(path, "d", shape[playing()]);
  }

  /** Show the run's state `next`; without an argument, forget the kept command. */
  function show(next = status) {
    status = next;
    asked = null;
    paint();
  }

  return { node, show };
}

/** A line for errors. `show(sentence)` hides it after a while, `stay(sentence)` keeps it until the next. */
export function errorLine() {
  const node = element("p", { class: "panda-notice panda-warning", role: "alert" });
  let timer = 0;

  function stay(sentence) {
    clearTimeout(timer);
    write(node, sentence);
  }

  function show(sentence) {
    stay(sentence);
    timer = setTimeout(() => write(node, ""), ERROR_STAYS);
  }

  return { node, show, stay };
}

/** A list of labelled numbers: `rows` are [label, tooltip, status -> text]. */
export function readoutList(label, rows) {
  const values = rows.map(() => element("dd"));
  const node = element("dl", { class: "panda-readouts", "aria-label": label },
    ...rows.map(([name, title], i) => element("div", { title }, element("dt", { text: name }), values[i])));
  return { node, show: (status) => rows.forEach(([, , text], i) => write(values[i], text(status))) };
}

/** The bar of three networks that train side by side: play, a few steps, start again, and their losses. */
import { attribute, element, icon, write } from "./dom.js";

const PLAY = "M4 2.5v11l9-5.5z";
const PAUSE = "M4 2.5h3v11H4zM9 2.5h3v11H9z";
const ERROR_STAYS = 8000; // ms

const loss = (value) => (Number.isFinite(value) ? (value < 1e-3 ? value.toExponential(2) : value.toPrecision(3)) : "–");

/** The part "side" in `root`. */
export function side(root) {
  let channel = null;
  let status = null;
  let timer = 0;
  const command = (type) => { if (!channel.send({ type })) error({ sentence: "Not sent: there is no connection." }); };
  const button = (text, title, act) => element("button", { type: "button", class: "panda-button", title, text, on: { click: act } });
  const play = element("button", {
    type: "button", class: "panda-button panda-play", title: "Train all three, or pause",
    on: { click: () => command(status?.playing ? "pause" : "play") },
  }, icon(PLAY), element("span", { text: "Play" }));
  const shape = play.querySelector("path");
  const more = button("50 steps", "Train all three by 50 steps", () => command("more"));
  const again = button("Start again", "The same networks untrained", () => command("restart"));
  const readouts = element("dl", { class: "panda-readouts", "aria-label": "Where the networks are" });
  const wrong = element("p", { class: "panda-notice panda-warning", role: "alert" });
  const controls = element("div", { class: "panda-controls" }, play, more, again);
  root.append(element("div", { class: "panda-bar", role: "group", "aria-label": "Train the networks" }, controls, readouts), wrong);
  let values = [];

  /** A readout for the step and one for each network, made with the first frame. */
  function layOut(names) {
    values = ["step", ...names].map(() => element("dd"));
    readouts.replaceChildren(...["step", ...names].map((name, i) => element("div", {}, element("dt", { text: name }), values[i])));
  }

  function frame({ status: next }) {
    status = next;
    if (!values.length) layOut(status.names);
    write(play.lastChild, status.playing ? "Pause" : "Play");
    attribute(shape, "d", status.playing ? PAUSE : PLAY);
    play.disabled = more.disabled = status.done;
    write(values[0], status.step.toLocaleString("en"));
    status.losses.forEach((value, i) => write(values[i + 1], loss(value)));
  }

  function error({ sentence }) {
    write(wrong, sentence);
    clearTimeout(timer);
    timer = setTimeout(() => write(wrong, ""), ERROR_STAYS);
  }

  function update(component, its) {
    channel = its;
    if (channel.status) frame(channel);
  }

  const link = (state, sentence) => write(wrong, state === "open" ? "" : sentence);
  return { update, listens: { frame, link, error } };
}

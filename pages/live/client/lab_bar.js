/** The bar of three networks that train side by side: play, a few steps, start again, and their losses. */
import { errorLine, playButton, readoutList } from "./bar.js";
import { element } from "./dom.js";

const loss = (value) => (Number.isFinite(value) ? (value < 1e-3 ? value.toExponential(2) : value.toPrecision(3)) : "–");

/** The part "side" in `root`. */
export function side(root) {
  let channel = null;
  let readouts = null;
  const command = (type) => channel.send({ type });
  const button = (text, title, act) => element("button", { type: "button", class: "panda-button", title, text, on: { click: act } });
  const play = playButton("Train all three, or pause", command);
  const more = button("50 steps", "Train all three by 50 steps", () => command("more"));
  const again = button("Start again", "The same networks untrained", () => command("restart"));
  const wrong = errorLine();
  const controls = element("div", { class: "panda-controls" }, play.node, more, again);
  const bar = element("div", { class: "panda-bar", role: "group", "aria-label": "Train the networks" }, controls);
  root.append(bar, wrong.node);

  /** A readout for the step and one for each network, made with the first frame. */
  function layOut(names) {
    const rows = [["step", "steps taken", ({ step }) => step.toLocaleString("en")]];
    names.forEach((name, i) => rows.push([name, `loss, ${name}`, ({ losses }) => loss(losses[i])]));
    readouts = readoutList("Where the networks are", rows);
    bar.append(readouts.node);
  }

  function frame({ status }) {
    if (!readouts) layOut(status.names);
    play.show(status);
    play.node.disabled = more.disabled = status.done;
    readouts.show(status);
  }

  function error({ sentence }) {
    play.show();
    wrong.show(sentence);
  }

  function update(component, its) {
    channel = its;
    if (channel.status) frame(channel);
  }

  const link = (state, sentence) => wrong.stay(state === "open" ? "" : sentence);
  return { update, listens: { frame, link, error } };
}

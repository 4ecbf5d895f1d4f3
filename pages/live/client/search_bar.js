/** The bar of a search: play, progress and readouts; and the list of its best models. */
import { errorLine, playButton, readoutList } from "./bar.js";
import { element, icon, write } from "./dom.js";

const STOP = "M3 3h10v10H3z";

const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const number = (value) => (Number.isFinite(value) ? count.format(value) : "–");
const loss = (value) => (Number.isFinite(value) ? (value < 1e-3 ? value.toExponential(2) : value.toPrecision(3)) : "–");
const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–");

/** Readouts: label, what it says in full, and its text for a status. */
const READOUTS = [
  ["models", "models in all", (s) => number(s.models)],
  ["diverged", "models whose loss is no longer a number: they cost nothing more", (s) => number(s.states?.diverged ?? 0)],
  ["stopped", "models that were stopped, by successive halving or by hand", (s) => number(s.states?.stopped ?? 0)],
  ["steps/s", "training steps a second, of all models together", (s) => (s.playing ? number(s.rate) : "–")],
  ["left", "time left", (s) => time(s)],
  ["best", "least dev loss", (s) => loss(s.best)],
];

function time({ done, playing, left }) {
  if (done) return "done";
  if (!playing || !Number.isFinite(left)) return "–";
  return left < 90 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`;
}

/** The part "search" in `root`. */
export function search(root) {
  let channel = null;
  const command = (type) => channel.send({ type });
  const play = playButton("Train, or pause", command);
  const stop = element("button", {
    type: "button", class: "panda-button panda-terse", title: "End the search for good where it stands", disabled: true,
    on: { click: () => command("stop") },
  }, icon(STOP), element("span", { text: "Stop" }));
  const progress = element("progress", { max: 1, value: 0, "aria-label": "How far the search is" });
  const readouts = readoutList("Where the search is", READOUTS);
  const controls = element("div", { class: "panda-controls panda-wide" }, play.node, stop, progress);
  const wrong = errorLine();
  const notice = element("p", { class: "panda-notice", role: "status" });
  const bar = element("div", { class: "panda-bar", role: "group", "aria-label": "Play the search" }, controls, readouts.node);
  root.append(bar, wrong.node, notice);

  function frame({ status }) {
    play.show(status);
    stop.disabled = !status.stoppable;
    play.node.disabled = status.done;
    progress.value = status.progress;
    readouts.show(status);
    write(notice, (status.notices ?? []).join(" "));
  }

  function error({ sentence }) {
    play.show();
    wrong.show(sentence);
  }

  const link = (state, sentence) => wrong.stay(state === "open" ? "" : sentence);
  return { update: follow(frame, (its) => { channel = its; }), listens: { frame, link, error } };
}

/** The part "leaders" in `root`: the best models; one is picked by a click. */
export function leaders(root) {
  let channel = null;
  let shown = "";
  const list = element("ol", { class: "panda-leaders", "aria-label": "The best models" });
  root.append(list);

  function frame({ status }) {
    const picked = status.picked?.number;
    const next = JSON.stringify([status.leaders, picked]);
    if (next === shown) return;
    shown = next;
    list.replaceChildren(...(status.leaders ?? []).map((one) => row(one, one.number === picked)));
  }

  function row({ number: which, loss: value, accuracy, words }, picked) {
    const choose = () => channel.send({ type: "pick", number: which });
    return element("li", {}, element("button", {
      type: "button", class: "panda-leader", "aria-pressed": String(picked), on: { click: choose },
      title: `Model ${which}: ${words}`,
    }, element("b", { text: loss(value) }), element("span", { text: percent(accuracy) }), element("i", { text: words })));
  }

  return { update: follow(frame, (its) => { channel = its; }), listens: { frame } };
}

/** The `update` of a part: take the channel, and show what it already knows, for no new frame may come. */
function follow(frame, take) {
  return (component, channel) => {
    take(channel);
    if (channel.status) frame(channel);
  };
}

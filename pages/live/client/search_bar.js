/** The bar of a search: play, stop, progress and readouts; and the list of its best models. */
import { barListener, errorLine, follow, playButton, readoutList } from "./bar.js";
import { element, icon, write } from "./dom.js";
import { loss, number, percent, timeLeft } from "./format.js";

/** @import { Channel, Leader, Part, SearchStatus } from "./types.js" */

const STOP = "M3 3h10v10H3z";

/** Readouts: label, tooltip, text for a status.
 * @type {[string, string, (status: SearchStatus) => string][]} */
const READOUTS = [
  ["models", "models in all", (s) => number(s.models)],
  ["diverged", "models whose loss is no longer a number: they cost nothing more", (s) => number(s.states?.diverged ?? 0)],
  ["stopped", "models that were stopped, by successive halving or by hand", (s) => number(s.states?.stopped ?? 0)],
  ["steps/s", "training steps a second, of all models together", (s) => (s.playing ? number(s.rate) : "–")],
  ["left", "time left", time],
  ["best", "least dev loss", (s) => loss(s.best, 3)],
];

/** @param {SearchStatus} status */
function time({ done, playing, left }) {
  if (done) return "done";
  return playing ? timeLeft(left) : "–";
}

/** The part "search-bar" in `root`.
 * @param {HTMLElement} root
 * @returns {Part<SearchStatus>}
 */
export function searchBar(root) {
  /** @type {Channel} */
  let channel;
  /** @param {"play" | "pause" | "stop"} type */
  const command = (type) => channel.send({ type });
  const play = playButton("Train, or pause", command, () => channel.kept());
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

  /** @param {{ status: SearchStatus }} frame */
  function frame({ status }) {
    play.show(status);
    stop.disabled = !status.stoppable;
    play.node.disabled = status.done;
    progress.value = status.progress;
    readouts.show(status);
    write(notice, (status.notices ?? []).join(" "));
  }

  return { update: follow(frame, (its) => { channel = its; }), listens: barListener(frame, play, wrong) };
}

/** The part "leaders" in `root`: the best models; one is picked by a click.
 * @param {HTMLElement} root
 * @returns {Part<SearchStatus>}
 */
export function leaders(root) {
  /** @type {Channel} */
  let channel;
  let shown = "";
  const list = element("ol", { class: "panda-leaders", "aria-label": "The best models" });
  root.append(list);

  /** @param {{ status: SearchStatus }} frame */
  function frame({ status }) {
    const picked = status.picked?.number;
    const next = JSON.stringify([status.leaders, picked]);
    if (next === shown) return;
    shown = next;
    list.replaceChildren(...(status.leaders ?? []).map((one) => row(one, one.number === picked)));
  }

  /** @type {(leader: Leader, picked: boolean) => HTMLLIElement} */
  function row({ number: which, loss: value, accuracy, words }, picked) {
    const choose = () => channel.send({ type: "pick", number: which });
    return element("li", {}, element("button", {
      type: "button", class: "panda-leader", "aria-pressed": String(picked), on: { click: choose },
      title: `Model ${which}: ${words}`,
    }, element("b", { text: loss(value, 3) }), element("span", { text: percent(accuracy) }),
      element("i", { text: words })));
  }

  return { update: follow(frame, (its) => { channel = its; }), listens: { frame } };
}

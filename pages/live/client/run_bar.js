/** The bar that plays a run: play, pause, steps, speed, stop at a step, and readouts. */
import { errorLine, playButton, readoutList } from "./bar.js";
import { attribute, element, freshId, icon, write } from "./dom.js";
import { timeline } from "./timeline.js";

const STEP = "M3 2.5v11l6.5-5.5zM10.5 2.5H13v11h-2.5z";
const EPOCH = "M1.5 2.5v11L7 8zM7 2.5v11L12.5 8zM12.5 2.5h2v11h-2z";
const MORE = "M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z";
const TAKES_SPACE = "input:not([type=range]), textarea, select, button, summary, a[href], [contenteditable=true], "
  + "[role=dialog] *, [role=combobox], [role=tab], [role=switch]";

const count = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "–");
const number = (value) => (Number.isFinite(value) ? count.format(value) : "–");
const perSecond = (rate) => (rate > 0 && rate < 10 ? rate.toFixed(1) : number(rate));
const small = (value) => (value !== 0 && value < 1e-3 ? value.toExponential(2) : value.toPrecision(4));
const loss = (value) => (Number.isFinite(value) ? small(value) : "–");
const part = ({ examples }) => (examples?.[1] ? `${Math.floor((100 * examples[0]) / examples[1])} %` : "–");

/** Readouts: label, what it says in full, and its text for a status. */
const READOUTS = [
  ["step", "steps taken", (s) => number(s.step)],
  ["epoch", "epochs begun, and how far this one is", (s) => `${number(s.epoch)} · ${part(s)}`],
  ["steps/s", "steps a second", (s) => (s.playing ? perSecond(s.rate) : "–")],
  ["loss", "loss of the mini-batches, averaged", (s) => loss(s.loss)],
  ["train", "accuracy on the training set", (s) => percent(s.train_accuracy)],
  ["dev", "accuracy on the dev set", (s) => percent(s.dev_accuracy)],
];

/** The part "transport" in `root`. */
export function transport(root) {
  let component = null;
  let channel = null;
  const command = (message) => channel.send(message);
  const view = build(root, command, (how) => component.setTriggerValue("restart", how));
  const notice = notices(root, command);

  function onKey(event) {
    if (event.key !== " " || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TAKES_SPACE)) return;
    event.preventDefault();
    view.play.node.click();
  }

  function update(next, itsChannel) {
    component = next;
    channel = itsChannel;
    view.offer(component.data);
  }

  function frame({ status }) {
    view.show(status);
    notice.show(status);
  }

  function error({ sentence }) {
    view.play.show();
    notice.error(sentence);
  }

  document.addEventListener("keydown", onKey);
  const listens = { frame, link: notice.link, error };
  return { update, listens, remove: () => document.removeEventListener("keydown", onKey) };
}

/** The bar itself; `show(status)` brings it up to date. */
function build(root, command, restart) {
  let status = null;
  const play = playButton("Play or pause (space bar)", (type) => command({ type }));
  const step = button("Step", STEP, () => command({ type: "step" }), "One step", "panda-terse");
  const pass = "One epoch: once through the training set";
  const epoch = button("Epoch", EPOCH, () => command({ type: "epoch" }), pass, "panda-terse");
  const speed = element("select", {
    "aria-label": "Speed", title: "Speed",
    on: { change: () => command({ type: "speed", steps: Number(speed.value) }) },
  });
  const stop = stopField(command);
  const same = button("Restart", null, () => restart("same"), "Restart this run with the same weights");
  const fresh = button("New weights", null, () => restart("new"), "Restart with new weights, from another seed");
  const restarts = element("div", { class: "panda-buttons", role: "group", "aria-label": "Restart" }, same, fresh);
  const seldom = element("div", { class: "panda-seldom", id: freshId("seldom") }, stop.node, restarts);
  const more = button("", MORE, () => {
    const open = root.classList.toggle("panda-open");
    more.setAttribute("aria-expanded", open);
  }, "Stop at a step, restart", "panda-more");
  attribute(more, "aria-expanded", "false");
  attribute(more, "aria-controls", seldom.id);
  const often = element("div", { class: "panda-buttons", role: "group", "aria-label": "Play" }, play.node, step, epoch);
  const controls = element("div", { class: "panda-controls" }, often, speed, more, seldom);
  const readouts = readoutList("Where the run is", READOUTS);
  const times = timeline(command);
  const bar = element("div", { class: "panda-bar", role: "group", "aria-label": "Play the run" },
    controls, readouts.node, times.node);
  root.append(bar);

  function offer(data) {
    restarts.hidden = !data.restart;
    const options = JSON.stringify(data.speeds);
    if (speed.dataset.options === options) return;
    speed.dataset.options = options;
    speed.replaceChildren(...data.speeds.map(([value, label]) => element("option", { value, text: label })));
    if (status) speed.value = status.speed;
  }

  function show(next) {
    status = next;
    play.show(status);
    [play.node, step, epoch].forEach((control) => { control.disabled = status.can_train === false && !status.playing; });
    if (document.activeElement !== speed) speed.value = status.speed;
    readouts.show(status);
    stop.show(status);
    times.show(status);
  }

  return { play, offer, show };
}

function button(label, path, action, title, extra = "") {
  const text = label && element("span", { text: label });
  const props = { type: "button", class: `panda-button ${extra}`, title, on: { click: action } };
  return element("button", label ? props : { ...props, "aria-label": title }, path && icon(path), text);
}

/** The field for the step to stop at, with how far the run is on its way there. */
function stopField(command) {
  let wanted = null;
  const id = freshId("stop");
  const input = element("input", {
    id, type: "text", inputmode: "numeric", autocomplete: "off", placeholder: "never", "aria-label": "Stop at step",
    on: { change: commit, keydown: (event) => { if (event.key === "Enter") input.blur(); } },
  });
  const progress = element("progress", { max: 1, value: 0, "aria-label": "On the way to the step to stop at" });
  const node = element("div", { class: "panda-stop" },
    element("label", { for: id, text: "Stop at", title: "The step at which the run pauses by itself; empty: never" }),
    element("span", {}, input, progress));

  function commit() {
    const text = input.value.trim().replaceAll(/[,\s]/g, "");
    const step = text === "" ? null : Number(text);
    const sound = step === null || (Number.isInteger(step) && step > 0);
    attribute(input, "aria-invalid", sound ? null : "true");
    input.title = sound ? "" : "A whole number of steps, or nothing for no stop.";
    if (sound && step !== wanted) command({ type: "stop_at", step });
  }

  function show({ step, stop_at }) {
    wanted = stop_at ?? null;
    if (document.activeElement !== input && input.getAttribute("aria-invalid") !== "true") {
      const text = wanted === null ? "" : String(wanted);
      if (input.value !== text) input.value = text;
    }
    progress.classList.toggle("panda-quiet", wanted === null);
    progress.value = wanted ? Math.min(1, step / wanted) : 0;
  }

  return { node, show };
}

/** Messages under the bar: connection, errors, divergence, notices. */
function notices(root, command) {
  const connection = element("p", { class: "panda-notice panda-warning", role: "status" });
  const wrong = errorLine();
  const trouble = element("div", { class: "panda-notice panda-trouble", role: "alert" });
  const hints = element("div", { class: "panda-hints", role: "status" });
  const past = element("p", { class: "panda-notice", role: "status" });
  root.append(element("div", { class: "panda-notices" }, connection, wrong.node, trouble, past, hints));
  let troubleShown = "null";
  let hintsShown = "[]";

  function showTrouble(next) {
    troubleShown = JSON.stringify(next ?? null);
    if (!next) return trouble.replaceChildren();
    const back = (step, label) => element("button", {
      type: "button", class: "panda-button", text: label, on: { click: () => command({ type: "rewind", step }) } });
    const before = next.before_nudge;
    const hasBefore = before !== null && before !== undefined;
    trouble.replaceChildren(
      element("span", { text: next.sentence }),
      element("span", { class: "panda-buttons" },
        next.step !== null && next.step !== undefined && back(next.step, `Go back to step ${number(next.step)}`),
        hasBefore && before !== next.step && back(before, `Go back to before the nudge, step ${number(before)}`)));
  }

  function show(status) {
    write(past, pastWords(status));
    if (JSON.stringify(status.trouble ?? null) !== troubleShown) showTrouble(status.trouble);
    const next = JSON.stringify(status.notices ?? []);
    if (next === hintsShown) return;
    hintsShown = next;
    hints.replaceChildren(...(status.notices ?? []).map((text) => element("p", { class: "panda-notice", text })));
  }

  return { error: wrong.show, show, link: (state, sentence) => write(connection, state === "open" ? "" : sentence) };
}

/** The notice while an earlier step is shown, or the run is replayed; otherwise empty. */
function pastWords({ looking, catching_up: goal, step }) {
  if (goal !== null && goal !== undefined && goal !== step) return `Replaying to step ${number(goal)}…`;
  if (!looking) return "";
  return `The run as it was at step ${number(step)}. Play or change a setting, and it goes on from here as a branch.`;
}

/** Dials: a range and a number field for each setting that can be nudged while the run trains.
 *
 * While it is held, a dial shows the person's value, otherwise the run's. All values of one drag carry the same gesture
 * number.
 */
import { attribute, element, freshId, write } from "./dom.js";
import { moved, placeOf, shown, valueAt } from "./scales.js";

const NOTCHES = 1000; // places of a range input
const KEYS = { // hundredths of the scale
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -100, End: 100,
};
const LETTING_GO = ["pointerup", "pointercancel", "lostpointercapture", "blur", "keyup", "change"];
const PATIENCE = 4000; // ms after which a value that the run did not confirm is dropped

let gestures = Date.now() % 1e9; // a random start, so that two pages of one run use different numbers
let messages = 0;

/** The part "dials" in `root`. */
export function dials(root) {
  const shownDials = new Map(); // name -> dial
  let channel = null;
  let described = "";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Settings of the run");

  function update({ data }, itsChannel) {
    channel = itsChannel;
    root.classList.toggle("panda-compact", Boolean(data.compact));
    if (data.title) attribute(root, "aria-label", data.title);
    const description = JSON.stringify(data.dials.map((row) => ({ ...row, value: null })));
    if (description === described) return;
    described = description;
    shownDials.clear();
    root.replaceChildren();
    for (const row of data.dials) {
      const dial = build(row, () => channel);
      shownDials.set(row.name, dial);
      root.append(dial.node);
      if (channel.status) dial.show(channel.status, channel.seq);
    }
  }

  const frame = ({ status, seq }) => shownDials.forEach((dial) => dial.show(status, seq));
  const find = (id) => [...shownDials.values()].find((dial) => dial.sent(id));
  const link = (state) => { if (state !== "open") shownDials.forEach((dial) => dial.forget()); };
  const owns = (id) => Boolean(find(id));
  const error = ({ id, sentence }) => find(id)?.refuse(sentence);
  return { update, listens: { frame, link, owns, error } };
}

/** One dial: its elements, the run's value, the value that the person holds, and the message on its way. */
function build(row, channel) {
  const view = layOut(row);
  const { node, range, field } = view;
  let run = row.value; // what the run has
  let held = null; // the person's value, until the run has it
  let pending = null; // {seq, until}: a value sent and not yet confirmed
  const sent = new Set(); // numbers of this gesture's messages
  let grip = false; // a finger, a key or the field's caret holds the dial
  let gesture = 0;
  let queued = 0;

  const value = () => held ?? run;
  const newGesture = () => { gesture = gestures += 1; sent.clear(); };

  /** The person chose `next`: send it with the next animation frame. */
  function turn(next) {
    held = next;
    view.complain("");
    paint();
    if (!queued) queued = requestAnimationFrame(() => { queued = 0; dispatch(); });
  }

  function dispatch() {
    if (held === null || (held === run && !pending)) return settle();
    messages += 1;
    sent.add(messages);
    pending = { seq: channel().seq, until: performance.now() + PATIENCE };
    const fate = channel().send({ type: "nudge", changes: { [row.name]: held }, gesture, id: messages });
    if (pending && fate === "kept") pending.kept = true;
    paint();
  }

  function settle() {
    pending = null;
    if (!grip) held = null;
    paint();
  }

  function refuse(sentence) {
    pending = held = null;
    view.complain(sentence);
    paint();
  }

  /** A frame requested after a nudge was sent has its effect: from then on show the run's value. */
  function show(status, seq) {
    run = status.settings[row.name] ?? run;
    if (pending && (run === held || seq > pending.seq || performance.now() > pending.until)) pending = null;
    if (!pending && !grip && !queued) held = null;
    paint();
    view.tell(notes(row, status, value()), Boolean(status.idle?.[row.name]));
  }

  function paint() {
    view.paint(value(), document.activeElement === field && grip);
    node.classList.toggle("panda-pending", pending !== null);
  }

  function release() {
    grip = false;
    if (!pending && !queued) held = null;
    paint();
  }

  range.addEventListener("pointerdown", () => { grip = true; newGesture(); });
  LETTING_GO.forEach((event) => range.addEventListener(event, release));
  range.addEventListener("input", () => turn(valueAt(row, range.value / NOTCHES)));
  range.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat) newGesture();
    grip = true;
    turn(moved(row, value(), KEYS[event.key] * (event.shiftKey ? 0.1 : 1)));
  });

  field.addEventListener("input", () => { grip = true; });
  field.addEventListener("change", commit);
  field.addEventListener("blur", release);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") commit();
    if (event.key === "Escape") { view.complain(""); release(); field.select(); }
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    if (!event.repeat) newGesture();
    grip = false;
    turn(moved(row, value(), KEYS[event.key] * (event.shiftKey ? 0.1 : 1)));
  });

  function commit() {
    const [typed, wrong] = read(row, field.value);
    if (wrong) return view.complain(wrong);
    grip = false;
    newGesture();
    turn(shown(typed) === shown(run) ? run : typed);
  }

  /** The connection was lost: a sent value may not have arrived, a kept one will still be sent. */
  function forget() {
    if (pending?.kept) return;
    pending = null;
    if (!grip) held = null;
    paint();
  }

  paint();
  return { node, show, refuse, forget, sent: (id) => sent.has(id) };
}

/** A typed text as [value, ""], or [null, the sentence that says what is wrong]. */
function read(row, text) {
  const value = text.trim() === "" ? NaN : Number(text.trim().replace(/^(\d+),(\d+)$/, row.integer ? "$1$2" : "$1.$2"));
  const whole = row.integer ? "a whole number from " : "";
  const fits = value >= row.low && value <= row.high && (!row.integer || Number.isInteger(value));
  if (fits) return [value, ""];
  return [null, `${capital(row.label)} cannot be '${text.trim().slice(0, 40)}': it takes ${whole}${rangeWords(row)}.`];
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const grouped = (number) => number.toLocaleString("en");
const rangeWords = (row) => [row.low, row.high].map(row.integer ? grouped : shown).join(" to ");

/** The line under a dial: since when its value counts, and what the value means. */
function notes(row, status, value) {
  const since = status.since?.[row.name];
  const effective = row.name === "learning_rate" ? status.learning_rate : NaN;
  const idle = status.idle?.[row.name];
  const decayed = Number.isFinite(effective) && shown(effective) !== shown(status.settings[row.name]);
  const averaged = row.averages && row.scale === "one_minus" ? Number((1 / (1 - value)).toPrecision(3)) : 0;
  return [
    since !== undefined && since !== null && `since step ${grouped(since)}`,
    idle,
    !idle && averaged && `averages about ${grouped(averaged)} step${averaged === 1 ? "" : "s"}`,
    decayed && `now ${shown(Number(effective.toPrecision(3)))} after decay`,
  ].filter(Boolean).join(" · ");
}

/** The elements of a dial. */
function layOut(row) {
  const [label, help, note] = [freshId("label"), freshId("help"), freshId("note")];
  const name = element("span", { class: "panda-name", id: label },
    row.symbol && element("span", { class: "panda-symbol", text: row.symbol }),
    element("span", { text: row.symbol ? row.label : capital(row.label) }));
  const tip = element("span", { class: "panda-tip", id: help, role: "tooltip", text: row.help });
  const about = { type: "button", title: row.help, "aria-label": `About ${row.label}`, "aria-describedby": help };
  const info = element("span", { class: "panda-info" }, element("button", { ...about, text: "i" }), tip);
  const props = { "aria-labelledby": label, "aria-describedby": `${help} ${note}` };
  const typed = { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false" };
  const field = element("input", { ...typed, ...props });
  const range = element("input", { type: "range", min: 0, max: NOTCHES, step: 1, ...props });
  const below = element("span", { class: "panda-note", id: note });
  const ends = element("span", { class: "panda-range", text: rangeWords(row).replace(" to ", " – ") });
  const foot = element("div", { class: "panda-foot" }, below, ends);
  const wrong = element("p", { class: "panda-wrong", role: "alert" });
  const node = element("div", { class: "panda-dial", role: "group", "aria-labelledby": label },
    element("div", { class: "panda-head" }, name, info, field), range, foot, wrong);

  function paint(value, typing) {
    const place = placeOf(row, value);
    const text = shown(value);
    if (Math.round(place * NOTCHES) !== Number(range.value)) range.value = Math.round(place * NOTCHES);
    node.style.setProperty("--panda-place", `${(100 * place).toFixed(1)}%`);
    attribute(range, "aria-valuetext", text);
    if (!typing && field.value !== text) field.value = text;
  }

  function tell(line, idle) {
    write(below, line);
    node.classList.toggle("panda-idle", idle);
  }

  function complain(sentence) {
    write(wrong, sentence);
    attribute(field, "aria-invalid", sentence ? "true" : null);
  }

  return { node, range, field, paint, tell, complain };
}

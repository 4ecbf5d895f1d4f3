/** Dials: a range and a number field for each setting that can be nudged while the run trains.
 *
 * A dial shows the person's value while it is held and the run's value otherwise. Values passed through in one drag
 * carry one gesture number.
 */
import { attribute, element, freshId, write } from "./dom.js";
import { grouped, shown } from "./format.js";
import { moved, placeOf, valueAt } from "./scales.js";

/** @import { Channel, DialRow, DialsData, Part, Status } from "./types.js" */
/** @typedef {ReturnType<typeof build>} Dial */
/** A value sent and not yet confirmed. @typedef {{ seq: number, until: number, kept: boolean }} Pending */

const NOTCHES = 1000; // places of a range input
/** @type {Record<string, number>} */
const KEYS = { // hundredths of the scale
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -100, End: 100,
};
const LETTING_GO = ["pointerup", "pointercancel", "lostpointercapture", "blur", "keyup", "change"];
const PATIENCE = 4000; // ms until a value that the run did not take is given up

let gestures = Date.now() % 1e9; // another page of the same run starts elsewhere
let messages = 0;

/** The part "dials" in `root`.
 * @param {HTMLElement} root
 * @returns {Part<Status, DialsData>}
 */
export function dials(root) {
  /** By name. @type {Map<string, Dial>} */
  const shownDials = new Map();
  /** @type {Channel} */
  let channel;
  let described = "";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Settings of the run");

  /** @type {ReturnType<typeof dials>["update"]} */
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

  /** The dial that sent message `id`. @param {number | null | undefined} id */
  const find = (id) => [...shownDials.values()].find((dial) => dial.sent(id));
  return {
    update,
    listens: {
      frame: ({ status, seq }) => shownDials.forEach((dial) => dial.show(status, seq)),
      link: (state) => { if (state !== "open") shownDials.forEach((dial) => dial.forget()); },
      owns: (id) => Boolean(find(id)),
      error: ({ id, sentence }) => find(id)?.refuse(sentence),
    },
  };
}

/** One dial: its elements, and what it knows of the run, of the hand that holds it, and of what is on its way.
 * @param {DialRow} row
 * @param {() => Channel} channel
 */
function build(row, channel) {
  const view = layOut(row);
  const { node, range, field } = view;
  let run = row.value; // what the run has
  /** @type {number | null} */
  let held = null; // what the hand says, until the run has it
  /** @type {Pending | null} */
  let pending = null;
  /** @type {Set<number | null | undefined>} */
  const sent = new Set(); // numbers of this gesture's messages
  let grip = false; // a finger, a key or the field's caret holds the dial
  let gesture = 0;
  let queued = 0;

  const value = () => held ?? run;
  const newGesture = () => { gesture = gestures += 1; sent.clear(); };

  /** The hand says `next`; it is sent with the screen's next refresh. @param {number} next */
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
    const asked = { seq: channel().seq, until: performance.now() + PATIENCE, kept: false };
    pending = asked;
    const fate = channel().send({ type: "nudge", changes: { [row.name]: held }, gesture, id: messages });
    if (fate === "kept") asked.kept = true;
    paint();
  }

  function settle() {
    pending = null;
    if (!grip) held = null;
    paint();
  }

  /** @param {string} sentence */
  function refuse(sentence) {
    pending = held = null;
    view.complain(sentence);
    paint();
  }

  /** A frame asked for after a nudge was sent carries its answer: from then on the run's value counts.
   * @type {(status: Status, seq: number) => void} */
  function show(status, seq) {
    run = /** @type {number} */ (status.settings[row.name] ?? run);
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
  range.addEventListener("input", () => turn(valueAt(row, Number(range.value) / NOTCHES)));
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
    const typed = read(row, field.value);
    if (typeof typed === "string") return view.complain(typed);
    grip = false;
    newGesture();
    turn(shown(typed) === shown(run) ? run : typed);
  }

  /** The connection was lost: whether a value that was sent has arrived is not known; one that is kept still goes. */
  function forget() {
    if (pending?.kept) return;
    pending = null;
    if (!grip) held = null;
    paint();
  }

  paint();
  return { node, show, refuse, forget, sent: (/** @type {number | null | undefined} */ id) => sent.has(id) };
}

/** The value of a typed text, or the sentence that says what is wrong with it.
 * @type {(row: DialRow, text: string) => number | string} */
function read(row, text) {
  const value = text.trim() === "" ? NaN : Number(text.trim().replace(/^(\d+),(\d+)$/, row.integer ? "$1$2" : "$1.$2"));
  const whole = row.integer ? "a whole number from " : "";
  const fits = value >= row.low && value <= row.high && (!row.integer || Number.isInteger(value));
  if (fits) return value;
  return `${capital(row.label)} cannot be '${text.trim().slice(0, 40)}': it takes ${whole}${rangeText(row)}.`;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
/** @param {DialRow} row */
const rangeText = (row) => [row.low, row.high].map(row.integer ? grouped : shown).join(" to ");

/** The line under a dial: since when its value counts, and what the value means.
 * @type {(row: DialRow, status: Status, value: number) => string} */
function notes(row, status, value) {
  const since = status.since?.[row.name];
  const effective = row.name === "learning_rate" ? status.learning_rate ?? NaN : NaN;
  const idle = status.idle?.[row.name];
  const set = /** @type {number} */ (status.settings[row.name]);
  const decayed = Number.isFinite(effective) && shown(effective) !== shown(set);
  const averaged = row.averages && row.scale === "one_minus" ? Number((1 / (1 - value)).toPrecision(3)) : 0;
  return [
    since !== undefined && since !== null && `since step ${grouped(since)}`,
    idle,
    !idle && averaged && `averages about ${grouped(averaged)} step${averaged === 1 ? "" : "s"}`,
    decayed && `now ${shown(Number(effective.toPrecision(3)))} after decay`,
  ].filter(Boolean).join(" · ");
}

/** The elements of a dial. @param {DialRow} row */
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
  const ends = element("span", { class: "panda-range", text: rangeText(row).replace(" to ", " – ") });
  const foot = element("div", { class: "panda-foot" }, below, ends);
  const wrong = element("p", { class: "panda-wrong", role: "alert" });
  const node = element("div", { class: "panda-dial", role: "group", "aria-labelledby": label },
    element("div", { class: "panda-head" }, name, info, field), range, foot, wrong);

  /** @type {(value: number, typing: boolean) => void} */
  function paint(value, typing) {
    const place = placeOf(row, value);
    const text = shown(value);
    const notch = Math.round(place * NOTCHES);
    if (notch !== Number(range.value)) range.value = String(notch);
    node.style.setProperty("--panda-place", `${(100 * place).toFixed(1)}%`);
    attribute(range, "aria-valuetext", text);
    if (!typing && field.value !== text) field.value = text;
  }

  /** @type {(line: string, idle: boolean) => void} */
  function tell(line, idle) {
    write(below, line);
    node.classList.toggle("panda-idle", idle);
  }

  /** @param {string} sentence */
  function complain(sentence) {
    write(wrong, sentence);
    attribute(field, "aria-invalid", sentence ? "true" : null);
  }

  return { node, range, field, paint, tell, complain };
}

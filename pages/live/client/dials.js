/** Dials: a range and a number field for each setting that can be nudged while the run trains.
 *
 * A dial shows the person's value while it is held and the run's value otherwise. Below the one that was moved last is
 * what that did.
 */
import { attribute } from "./dom.js";
import { notes, read } from "./dial_text.js";
import { NOTCHES, layOut } from "./dial_view.js";
import { shown } from "./format.js";
import { gestures } from "./gestures.js";
import { helpedLine } from "./helped.js";
import { moved, valueAt } from "./scales.js";

/** @import { Channel, DialRow, DialsData, Part, Status } from "./types.js" */
/** @typedef {ReturnType<typeof build>} Dial */
/** A value sent and not yet confirmed. @typedef {{ seq: number, until: number }} Pending */

/** @type {Record<string, number>} */
const KEYS = { // hundredths of the scale
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -100, End: 100,
};
const LETTING_GO = ["pointerup", "pointercancel", "lostpointercapture", "blur", "keyup", "change"];
const PATIENCE = 4000; // ms after which a value that the run did not confirm is dropped

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
  const effect = helpedLine((message) => channel.send(message));
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
    }
    if (channel.status) show(channel.status, channel.seq);
  }

  /** @type {(status: Status, seq: number) => void} */
  function show(status, seq) {
    shownDials.forEach((dial) => dial.show(status, seq));
    effect.show(status.helped, shownDials.get(status.helped?.control ?? "")?.node);
  }

  /** The dial that sent message `id`. @param {number | null | undefined} id */
  const find = (id) => [...shownDials.values()].find((dial) => dial.sent(id));
  return {
    update,
    listens: {
      frame: ({ status, seq }) => show(status, seq),
      link: (state) => { if (state !== "open") shownDials.forEach((dial) => dial.forget()); },
      owns: (id) => Boolean(find(id)),
      error: ({ id, sentence }) => find(id)?.refuse(sentence),
    },
  };
}

/** One dial: its elements, the run's value, the person's value, and the value that was sent and not yet confirmed.
 * @param {DialRow} row
 * @param {() => Channel} channel
 */
function build(row, channel) {
  const view = layOut(row);
  const { node, range, field } = view;
  let run = row.value; // the run's value
  /** @type {number | null} */
  let held = null; // the person's value, until the run has it
  /** @type {Pending | null} */
  let pending = null;
  /** @type {Set<number | null | undefined>} */
  const sent = new Set(); // numbers of this gesture's messages
  let grip = false; // a finger, a key or the field's caret holds the dial
  const gesture = gestures();
  let queued = 0;

  const value = () => held ?? run;
  const newGesture = () => { gesture.begin(); sent.clear(); };
  const press = () => { if (!gesture.press()) sent.clear(); };

  /** The person chose `next`; it is sent with the screen's next refresh. @param {number} next */
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
    expect();
    channel().send({ type: "nudge", changes: { [row.name]: held }, gesture: gesture.current(), id: messages });
    paint();
  }

  function expect() {
    pending = { seq: channel().seq, until: performance.now() + PATIENCE };
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

  /** A frame requested after a nudge was sent has its effect: from then on show the run's value.
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
    press();
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
    press();
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

  /** There is no connection: a value that was sent may not have arrived; one that is kept will still be sent. */
  function forget() {
    const kept = keptValue();
    if (kept === undefined) {
      pending = null;
      if (!grip) held = null;
    } else {
      held ??= kept;
      expect();
    }
    paint();
  }

  /** The last value of this setting that waits to be sent. @returns {number | undefined} */
  function keptValue() {
    const changes = channel().kept().flatMap((message) => (message.type === "nudge" ? [message.changes] : []));
    return changes.filter((one) => row.name in one).at(-1)?.[row.name];
  }

  paint();
  return { node, show, refuse, forget, sent: (/** @type {number | null | undefined} */ id) => sent.has(id) };
}

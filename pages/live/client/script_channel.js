/** A channel without a websocket, for parts that a page's script updates itself: the labs.
 *
 * A dial's value goes to the script as the component's state; the next is sent only after the script's answer. The
 * answer comes with `answer` and is handed to the part as a frame.
 */
import { measured } from "./hooks.js";

/** @import { Channel, Component, Fate, Listener, Message, ScriptData } from "./types.js" */
/** @typedef {ReturnType<typeof localChannel>} LocalChannel */

const PATIENCE = 1000; // ms after which the next value is sent without an answer

/** The channel of one part; `answer(component)` takes what the script says now. */
export function localChannel() {
  /** @type {Channel} */
  const self = { status: null, seq: 0, send, kept: () => [], forget: () => {} };
  /** @type {Component<ScriptData>} */
  let component;
  /** @type {Listener | null} */
  let listens = null;
  /** @type {Record<string, number>} */
  let values = {};
  let onItsWay = 0; // number of the message that the script has not answered yet
  let waiting = false; // newer values have to be sent
  let timer = 0;
  let messages = 0;

  /** @param {Listener} part */
  function join(part) {
    listens = part;
    return () => clearTimeout(timer);
  }

  /** @type {(message: Message) => Fate} */
  function send(message) {
    if (message.type !== "nudge") {
      messages += 1;
      component.setTriggerValue("message", { ...message, count: messages });
      return "sent";
    }
    values = { ...values, ...message.changes };
    self.seq += 1;
    if (onItsWay) waiting = true;
    else post();
    return "sent";
  }

  function post() {
    waiting = false;
    onItsWay = self.seq;
    clearTimeout(timer);
    timer = setTimeout(() => { if (waiting) post(); else onItsWay = 0; }, PATIENCE);
    component.setStateValue("values", { ...values, seq: self.seq });
  }

  /** @param {Component<ScriptData>} next */
  function answer(next) {
    const start = performance.now();
    component = next;
    const { data } = next;
    const seq = data.seq ?? 0;
    self.heard = data.heard;
    self.status = { settings: data.values ?? {}, idle: data.idle ?? {}, hints: data.hints ?? {} };
    if (seq >= onItsWay) onItsWay = 0;
    if (seq >= self.seq) values = { ...data.values };
    const frame = { status: self.status, seq, charts: data.frames ?? {} };
    listens?.frame(frame);
    measured(frame, performance.now() - start);
    if (waiting && !onItsWay) post();
  }

  return Object.assign(self, { join, answer });
}

/** A channel without a websocket, for parts that a page's script updates itself: the labs.
 *
 * What a dial says goes to the script as the component's state, one value at a time on its way; the script's answer
 * comes back with `update` and is handed to the part as a frame.
 */
import { measured } from "./hooks.js";

const PATIENCE = 1000; // ms after which a value that was not answered no longer holds up the next

/** The channel of one part; `answer(component)` hands it what the script has now. */
export function localChannel() {
  const self = { status: null, seq: 0, join, send, refresh: () => {}, forget: () => {}, answer };
  let component = null;
  let listens = {};
  let values = {};
  let onItsWay = 0; // number of the values that the script has not answered yet
  let waiting = false; // newer values are to follow
  let timer = 0;
  let messages = 0;

  function join(part) {
    listens = part;
    return () => clearTimeout(timer);
  }

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
    listens.frame?.(frame);
    measured(frame, performance.now() - start);
    if (waiting && !onItsWay) post();
  }

  return self;
}

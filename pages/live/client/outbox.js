/** Messages to a lab's script, one at a time: the script may miss one, so each is sent again until it is answered.
 *
 * The script's answer carries the id of the last message that it received.
 */

/** @import { Command, Message } from "./types.js" */

const PATIENCE = 600; // ms after which a message without an answer is sent again
const TIMES = 6; // how often a message is sent at most

let ids = Date.now() * 1000; // starts at another number in another window of the session

/** An empty outbox; `emptied` is called when the last message was answered or given up.
 * @param {Command} send
 * @param {() => void} emptied
 */
export function outbox(send, emptied) {
  /** The first of them is on its way. @type {Message[]} */
  const waiting = [];
  let times = 0; // how often it was sent
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** A point that moves on before its last place was sent has only its new one. @param {Message} message */
  function say(message) {
    ids += 1;
    const last = waiting.length > 1 ? waiting.at(-1) : null;
    if (last?.type === "move" && message.type === "move" && last.number === message.number) waiting.pop();
    waiting.push({ ...message, id: ids });
    if (waiting.length === 1) post();
  }

  function post() {
    clearTimeout(timer);
    if (!waiting.length) return;
    times += 1;
    timer = setTimeout(() => (times < TIMES ? post() : done()), PATIENCE);
    send(waiting[0]);
  }

  function done() {
    waiting.shift();
    times = 0;
    clearTimeout(timer);
    if (!waiting.length) emptied();
    post();
  }

  /** The script received the message with this id. @param {number | null | undefined} id */
  function heard(id) {
    if (waiting.length && waiting[0].id === id) done();
  }

  return { say, heard, list: () => [...waiting], stop: () => clearTimeout(timer) };
}

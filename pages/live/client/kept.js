/** Messages that are kept in order while there is no connection, and sent once there is one.
 *
 * Of messages in a row about the same thing (play and pause, the values of one drag) only the last is kept. A message
 * that could not be sent within `LASTS` is dropped: by then nobody expects it to happen.
 */

/** @import { Message } from "./types.js" */
/** @typedef {{ message: Message, timer?: ReturnType<typeof setTimeout> }} Kept */

const LASTS = 30_000; // ms
const MOST = 50; // messages

/** An empty store; `giveUp(message)` is called for each message that is kept no longer.
 * @param {(message: Message) => void} giveUp
 */
export function keeper(giveUp) {
  /** @type {Kept[]} */
  let messages = [];

  /** Keep a message; false where too many are kept already. @param {Message} message */
  function add(message) {
    const last = messages.at(-1);
    if (last && about(last.message) === about(message)) drop(last);
    if (messages.length >= MOST) return false;
    /** @type {Kept} */
    const one = { message };
    one.timer = setTimeout(() => {
      drop(one);
      giveUp(message);
    }, LASTS);
    messages.push(one);
    return true;
  }

  /** @param {Kept} one */
  function drop(one) {
    clearTimeout(one.timer);
    messages = messages.filter((other) => other !== one);
  }

  /** Hand out all messages in order; none is kept afterwards. */
  function take() {
    const all = messages;
    all.forEach(drop);
    return all.map(({ message }) => message);
  }

  return { add, take, list: () => messages.map(({ message }) => message) };
}

/** What a message is about: a later one about the same replaces it. Steps and epochs all count.
 * @param {Message} message
 * @returns {string | Message}
 */
export function about(message) {
  const { type } = message;
  if (type === "nudge") return JSON.stringify([type, message.gesture, Object.keys(message.changes)]);
  if (type === "play" || type === "pause") return "play";
  if (["speed", "stop_at", "look", "pick", "region"].includes(type)) return type;
  return message; // itself: different from all others
}

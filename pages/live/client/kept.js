/** Commands given while there is no connection: kept in order, and sent once there is one.
 *
 * Of several messages about the same thing (play and pause, the values of one drag) only the last is kept. What could
 * not be sent within `LASTS` is dropped, so that no forgotten command takes effect later.
 */
const LASTS = 30_000; // ms
const MOST = 50; // messages

/** An empty store; `giveUp(message)` is called for each message that is kept no longer. */
export function keeper(giveUp) {
  let messages = []; // {message, timer}

  /** Keep a message; false where too many are kept already. */
  function add(message) {
    const old = messages.find((one) => about(one.message) === about(message));
    if (old) drop(old);
    if (messages.length >= MOST) return false;
    const one = { message };
    one.timer = setTimeout(() => {
      drop(one);
      giveUp(message);
    }, LASTS);
    messages.push(one);
    return true;
  }

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

  return { add, take, any: () => messages.length > 0 };
}

/** What a message is about: a later one about the same replaces it. Steps and epochs all count. */
export function about(message) {
  const { type } = message;
  if (type === "nudge") return JSON.stringify([type, message.gesture, Object.keys(message.changes)]);
  if (type === "play" || type === "pause") return "play";
  if (["speed", "stop_at", "look", "pick", "region"].includes(type)) return type;
  return message; // itself: equal to no other
}

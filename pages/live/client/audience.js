/** The parts of a page that listen to one channel. A part that fails does not stop the others. */

/** @import { ErrorMessage, Listener, WantedChart } from "./types.js" */

/** An empty audience. */
export function audience() {
  /** @type {Set<Listener>} */
  const parts = new Set();

  /** @param {(part: Listener) => void} action */
  function each(action) {
    for (const part of parts) attempt(() => action(part));
  }

  /** Show an error: the first part that knows its id takes it, otherwise every part that shows errors.
   * @param {ErrorMessage} message */
  function say(message) {
    const { id = null } = message;
    const owner = id === null ? null : [...parts].find((part) => part.owns?.(id));
    for (const part of owner ? [owner] : parts) attempt(() => part.error?.(message));
  }

  /** The charts that the parts show. @returns {WantedChart[]} */
  const charts = () => [...parts].flatMap((part) => part.wants?.() ?? []);

  return {
    each, say, charts,
    /** @param {Listener} part */
    add: (part) => parts.add(part),
    /** @param {Listener} part */
    remove: (part) => parts.delete(part),
    isEmpty: () => parts.size === 0,
  };
}

/** @param {() => void} action */
function attempt(action) {
  try {
    action();
  } catch (error) {
    console.error(error);
  }
}

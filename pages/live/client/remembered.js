/** Choices of a person that survive a reload, in the browser's own store; where it has none, until then. */

const PLACE = "panda-charts";

/** By name. @type {Record<string, unknown> | null} */
let all = null;

function choices() {
  all ??= read();
  return all;
}

/** @returns {Record<string, unknown>} */
function read() {
  try {
    const found = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    return typeof found === "object" && found !== null && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // there is no store, or something else is in it
  }
}

/** What was chosen under `name`, undefined where nothing was. @type {(name: string) => unknown} */
export const recalled = (name) => choices()[name];

/** Keep what was chosen under `name`. @type {(name: string, value: unknown) => void} */
export function remember(name, value) {
  choices()[name] = value;
  try {
    localStorage.setItem(PLACE, JSON.stringify(all));
  } catch {
    // there is no store: it lasts as long as the page
  }
}

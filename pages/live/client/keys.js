/** Moving, adding and removing points of a chart by keyboard.
 *
 * All points share one tab stop, like a slider whose value is a point, so that Tab does not stop at each of a hundred.
 * A screen reader says a point when it is chosen or moved, and nothing otherwise.
 */
import { attribute, element, freshId } from "./dom.js";

/** @import { FullLayout, Points, Range } from "./types.js" */

/** The plot in the window, and its axes. @typedef {FullLayout & { left: number, top: number }} Where */

/** What the keys do.
 * @typedef {object} Acts
 * @property {() => Points} points
 * @property {() => Where | null} frame - null before the plot is drawn
 * @property {() => boolean} busy - points have no fixed number now
 * @property {(number: number, x: number, y: number) => void} move
 * @property {(number: number) => void} remove
 * @property {(x: number, y: number) => void} add
 */

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }; // hundredths of an axis
/** @type {Record<string, (at: number, count: number) => number>} */
const CHOICES = { PageUp: (at) => at - 1, PageDown: (at) => at + 1, Home: () => 0, End: (_, count) => count - 1 };
const ADD = new Set(["Enter", "Insert", "+"]);
const REMOVE = new Set(["Delete", "Backspace"]);
const BESIDE = 6; // steps between a new point and the chosen one
const HELP = "Arrows move the point, Page Up and Page Down choose another, Enter adds one, Delete removes it.";

/** The handle of a chart's points, put into its card `node`; `place()` puts it on its point after a drawing.
 * @param {HTMLElement} node
 * @param {string} title
 * @param {Acts} act
 */
export function handle(node, title, act) {
  const help = freshId("keys");
  const ring = element("div", {
    class: "panda-ring", tabindex: 0, role: "slider", "aria-label": `Points of: ${title}`, "aria-describedby": help,
    on: { focus: place, keydown: press },
  });
  const words = element("p", { class: "panda-keys", id: help, text: HELP });
  node.append(ring, words);
  let at = 0; // number of the chosen point
  /** @type {number | null} */
  let count = null; // of points at the last drawing

  function place() {
    const points = act.points();
    const n = points.x.length;
    if (count !== null && n === count + 1) at = n - 1; // the new one
    count = n;
    at = Math.max(0, Math.min(n - 1, at));
    tell(points, n);
    const where = act.frame();
    if (!where) return;
    const [x, y] = chosen(points, where);
    const edge = node.getBoundingClientRect();
    words.classList.toggle("panda-above", where.yaxis.d2p(y) > where.yaxis._length / 2); // not over the point
    ring.style.left = `${where.left - edge.left - node.clientLeft + where.xaxis._offset + where.xaxis.d2p(x)}px`;
    ring.style.top = `${where.top - edge.top - node.clientTop + where.yaxis._offset + where.yaxis.d2p(y)}px`;
  }

  /** @type {(points: Points, n: number) => void} */
  function tell(points, n) {
    const [x, y] = [points.x[at], points.y[at]].map((value) => value?.toFixed(2));
    const said = [`point ${at + 1} of ${n}`, points.text?.[at], `at ${x}, ${y}`].filter(Boolean).join(", ");
    attribute(ring, "aria-valuemin", Math.min(1, n));
    attribute(ring, "aria-valuemax", n);
    attribute(ring, "aria-valuenow", Math.min(at + 1, n));
    attribute(ring, "aria-valuetext", n ? said : "no points");
  }

  /** The place of the chosen point; the middle where there is none.
   * @type {(points: Points, where: FullLayout) => number[]} */
  function chosen(points, { xaxis, yaxis }) {
    if (points.x.length) return [points.x[at], points.y[at]];
    return [xaxis, yaxis].map(({ range: [low, high] }) => (low + high) / 2);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const where = act.frame();
    const done = where && (step(event, where) || choose(event) || change(event, where));
    if (!done) return;
    event.preventDefault();
    place();
  }

  /** @type {(event: KeyboardEvent, where: Where) => boolean} */
  function step({ key, shiftKey }, where) {
    if (!(key in STEPS)) return false;
    const points = act.points();
    if (!points.x.length || act.busy()) return true;
    const [right, up] = STEPS[key].map((one) => one * (shiftKey ? 0.1 : 1));
    act.move(at, moved(points.x[at], right, where.xaxis), moved(points.y[at], up, where.yaxis));
    return true;
  }

  /** @param {KeyboardEvent} event */
  function choose({ key }) {
    if (!(key in CHOICES)) return false;
    at = CHOICES[key](at, act.points().x.length); // `place` keeps it in range
    return true;
  }

  /** @type {(event: KeyboardEvent, where: Where) => boolean} */
  function change({ key }, where) {
    if (!ADD.has(key) && !REMOVE.has(key)) return false;
    const points = act.points();
    if (act.busy()) return true;
    if (REMOVE.has(key)) {
      if (points.x.length) act.remove(at);
      return true;
    }
    const [x, y] = chosen(points, where);
    const inward = x > (where.xaxis.range[0] + where.xaxis.range[1]) / 2 ? -1 : 1;
    act.add(points.x.length ? moved(x, inward * BESIDE, where.xaxis) : x, y);
    return true;
  }

  return { place };
}

/** `value` moved by hundredths of an axis, within it.
 * @type {(value: number, hundredths: number, axis: { range: Range }) => number} */
function moved(value, hundredths, { range: [low, high] }) {
  return Math.min(high, Math.max(low, value + ((high - low) * hundredths) / 100));
}

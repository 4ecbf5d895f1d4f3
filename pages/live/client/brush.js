/** Selecting on a chart by dragging with mouse, pen or finger. The skeleton's `layout.meta.brush` says what can be
 * selected: `axes` {x: name, y: name} for a box, or `along` [name, ...] for ranges on the vertical lines at 0, 1, ...
 */
import { element } from "./dom.js";

/** @import { Axis, Brush, Drawn, Named, Places, PlotElement } from "./types.js" */
/** A place in px from the plot's upper left corner. @typedef {{ x: number, y: number }} Spot */
/** @typedef {"x" | "y"} Key */

const LEAST = 8; // px: a shorter drag is a click, as it is for plotly
const HALF = 14; // px on either side of a line that take a drag
const AFTER = 100; // ms after a drag in which the browser's click event belongs to the drag
const STAYS = 350; // ms that the mark stays, until a frame shows the selection

/** Let a person select on the figure `gd` in `area`; `select(places)` takes {name: [low, high], or null to clear it}.
 * Returns `place()`, to call after each drawing, and `dragged()`: whether a click is the end of a drag.
 * @param {HTMLElement} area
 * @param {PlotElement} gd
 * @param {Brush} what
 * @param {(places: Places) => void} select
 */
export function brush(area, gd, { axes, along = [] }, select) {
  const mark = element("div", { class: "panda-brush", hidden: true });
  const lines = along.map((name) => element("div", {
    class: "panda-line", title: "Drag to select, click to clear",
    on: { pointerdown: (event) => begin(event, { y: name }) },
  }));
  area.append(...lines, mark);
  if (axes) {
    area.classList.add("panda-boxes");
    gd.addEventListener("pointerdown", (event) => begin(event, axes), true);
  }
  let timer = 0;
  let released = -AFTER;

  /** Follow a pointer that selects a range of each axis in `names`, {x or y: name}.
   * @type {(event: PointerEvent, names: Named) => void} */
  function begin(event, names) {
    const from = gd._fullLayout && spot(event);
    if (!from || !event.isPrimary || event.button || !within(from, names) || area.closest(".panda-watching")) return;
    const line = event.currentTarget === gd ? null : /** @type {HTMLElement} */ (event.currentTarget);
    let dragged = false;
    /** @param {PointerEvent} next */
    const follow = (next) => {
      const to = spot(next);
      dragged ||= keysOf(names).some((key) => Math.abs(to[key] - from[key]) >= LEAST);
      if (dragged) draw(from, to, names, line);
    };
    /** @param {PointerEvent} last */
    const end = (last) => {
      over.abort();
      if (dragged && last.type === "pointerup") {
        follow(last);
        released = performance.now();
        select(stretches(from, spot(last), names));
        timer = setTimeout(hide, STAYS);
      } else {
        hide();
        if (line && names.y && last.type === "pointerup") select({ [names.y]: null });
      }
    };
    const over = new AbortController();
    const options = { signal: over.signal, capture: true };
    clearTimeout(timer);
    window.addEventListener("pointermove", follow, options);
    window.addEventListener("pointerup", end, options);
    window.addEventListener("pointercancel", end, options);
  }

  /** @type {(key: Key) => Axis} */
  const axis = (key) => /** @type {Drawn} */ (gd)._fullLayout[`${key}axis`];

  /** Where a pointer is. @type {(event: PointerEvent) => Spot} */
  function spot({ clientX, clientY }) {
    const { left, top } = gd.getBoundingClientRect();
    return { x: clientX - left - axis("x")._offset, y: clientY - top - axis("y")._offset };
  }

  /** @type {(at: Spot, names: Named) => boolean} */
  const within = (at, names) => keysOf(names).every((key) => at[key] >= 0 && at[key] <= axis(key)._length);
  /** @type {(px: number, key: Key) => number} */
  const held = (px, key) => Math.min(axis(key)._length, Math.max(0, px));
  /** @type {(from: Spot, to: Spot, key: Key) => [number, number]} */
  const ends = (from, to, key) => sorted(held(from[key], key), held(to[key], key));

  /** @type {(from: Spot, to: Spot, names: Named) => Places} */
  function stretches(from, to, names) {
    return Object.fromEntries(keysOf(names).map((key) => {
      const [one, other] = ends(from, to, key).map((px) => axis(key).p2l(px));
      return [names[key], sorted(one, other)];
    }));
  }

  /** @type {(from: Spot, to: Spot, names: Named, line: HTMLElement | null) => void} */
  function draw(from, to, names, line) {
    /** @type {(key: Key) => [number, number]} */
    const marked = (key) => (names[key] ? ends(from, to, key) : [0, axis(key)._length]);
    const [x, y] = [marked("x"), marked("y")];
    const left = line ? line.offsetLeft : x[0] + axis("x")._offset;
    const width = line ? line.offsetWidth : x[1] - x[0];
    set(mark, left, y[0] + axis("y")._offset, width, y[1] - y[0]);
    mark.hidden = false;
  }

  function hide() {
    mark.hidden = true;
  }

  function place() {
    const { _offset: top, _length: height } = axis("y");
    lines.forEach((line, i) => set(line, axis("x")._offset + axis("x").l2p(i) - HALF, top, 2 * HALF, height));
  }

  return { place, dragged: () => performance.now() - released < AFTER };
}

/** @type {(names: Named) => Key[]} */
const keysOf = (names) => /** @type {Key[]} */ (Object.keys(names));

/** @type {(a: number, b: number) => [number, number]} */
const sorted = (a, b) => (a <= b ? [a, b] : [b, a]);

/** @type {(node: HTMLElement, left: number, top: number, width: number, height: number) => void} */
function set(node, left, top, width, height) {
  Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

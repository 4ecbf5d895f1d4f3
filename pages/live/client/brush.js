/** Selecting a region of a chart by dragging. The skeleton's `layout.meta.brush` says what can be selected:
 * `axes` {x: name, y: name} for a box on the plot, or `along` [name, ...] for intervals of vertical axes at 0, 1, ...
 */
import { element } from "./dom.js";

const LEAST = 8; // px: a shorter drag is a click, as it is for plotly
const HALF = 14; // px to either side of a line that is dragged along
const AFTER = 100; // ms after a drag in which a click event belongs to its end
const STAYS = 350; // ms that the mark stays while waiting for the frame with the selection

/** On the figure `gd` in `area`; `select(places)` takes {name: [low, high] on the axis, or null to clear it}.
 * Gives back `place()`, to be called when the figure was drawn, and `dragged()`: whether a click is the end of a drag. */
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

  /** Follow a pointer that drags out a stretch of each axis in `names`, {x or y: name}. */
  function begin(event, names) {
    const from = gd._fullLayout && spot(event);
    if (!from || !event.isPrimary || event.button || !within(from, names) || area.closest(".panda-watching")) return;
    const line = event.currentTarget === gd ? null : event.currentTarget;
    let dragged = false;
    const follow = (next) => {
      const to = spot(next);
      dragged ||= Object.keys(names).some((key) => Math.abs(to[key] - from[key]) >= LEAST);
      if (dragged) draw(from, to, names, line);
    };
    const end = (last) => {
      over.abort();
      if (dragged && last.type === "pointerup") {
        follow(last);
        released = performance.now();
        select(stretches(from, spot(last), names));
        timer = setTimeout(hide, STAYS);
      } else {
        hide();
        if (line && last.type === "pointerup") select({ [names.y]: null });
      }
    };
    const over = new AbortController();
    const options = { signal: over.signal, capture: true };
    clearTimeout(timer);
    window.addEventListener("pointermove", follow, options);
    window.addEventListener("pointerup", end, options);
    window.addEventListener("pointercancel", end, options);
  }

  const axis = (key) => gd._fullLayout[`${key}axis`];

  /** Where a pointer is, in px from the plot's upper left corner. */
  function spot({ clientX, clientY }) {
    const { left, top } = gd.getBoundingClientRect();
    return { x: clientX - left - axis("x")._offset, y: clientY - top - axis("y")._offset };
  }

  const within = (at, names) => Object.keys(names).every((key) => at[key] >= 0 && at[key] <= axis(key)._length);
  const held = (px, key) => Math.min(axis(key)._length, Math.max(0, px));
  const ends = (from, to, key) => [held(from[key], key), held(to[key], key)].sort((a, b) => a - b);

  function stretches(from, to, names) {
    const found = ([key, name]) => [name, ends(from, to, key).map((px) => axis(key).p2l(px)).sort((a, b) => a - b)];
    return Object.fromEntries(Object.entries(names).map(found));
  }

  function draw(from, to, names, line) {
    const [x, y] = ["x", "y"].map((key) => (names[key] ? ends(from, to, key) : [0, axis(key)._length]));
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

function set(node, left, top, width, height) {
  Object.assign(node.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

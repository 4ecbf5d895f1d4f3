/** Points of a chart that a person moves, adds and removes: `layout.meta.points` names their trace.
 *
 * A drag moves a point, a click removes it, a click beside the points adds one; keys.js does the same by keyboard.
 * A held point follows the finger at once, and stays where it was released until the script has it. The script gets
 * {type: "move" | "remove", number, x, y, id} or {type: "add", x, y, id}, one at a time (outbox.js).
 */
import { handle } from "./keys.js";
import { outbox } from "./outbox.js";

/** @import { Arrays, Axis, Card, Channel, ChartRow, PlotElement, Points } from "./types.js" */
/** @typedef {import("./keys.js").Where} Where */
/** Where a pointer is in the window. @typedef {{ clientX: number, clientY: number, pointerType: string }} Pointer */
/** A point that is held, or was released (`let`) and is not answered yet.
 * @typedef {{ number: number, x: number, y: number, from: number[], dragged: boolean, let: boolean }} Held */

const STILL = 4; // pixels that a pointer may move in a click
/** @type {Record<string, number>} */
const NEAR = { mouse: 11, pen: 14, touch: 24 }; // pixels from a point's centre within which it is grabbed

/** `card` with points that can be moved, if `chart` has such.
 * @param {Card} card
 * @param {ChartRow} chart
 * @param {Channel} channel
 * @returns {Card}
 */
export function movable(card, chart, channel) {
  const uid = chart.figure.layout.meta?.points;
  if (!uid) return card;
  const area = /** @type {HTMLElement} */ (card.node.querySelector(".panda-plot"));
  /** @type {Points} */
  let points = { x: [], y: [] };
  /** @type {Held | null} */
  let held = null;
  /** Where the pointer went down beside the points. @type {{ from: number[] } | null} */
  let free = null;
  const out = outbox(channel.send, () => { if (held?.let) held = null; });
  area.classList.add("panda-movable");
  const keys = handle(card.node, chart.title, {
    points: () => (held?.dragged ? atHand(held) : points),
    frame,
    busy: () => Boolean(held && !held.let) || changing(),
    move: byKey,
    remove: (number) => out.say({ type: "remove", number }),
    add: (x, y) => out.say({ type: "add", x, y }),
  });

  /** What the script says, with the held point where the hand has it. @param {Arrays} arrays */
  function draw(arrays) {
    const [x, y, text] = ["x", "y", "text"].map((key) => arrays[`${uid}.${key}`]);
    if (x) points = /** @type {Points} */ ({ x, y, text });
    out.heard(channel.heard);
    card.draw(held?.dragged ? { ...arrays, ...withHeld(held) } : arrays);
    keys.place();
  }

  /** @param {Held} held */
  function withHeld(held) {
    const { x, y } = atHand(held);
    return { [`${uid}.x`]: x, [`${uid}.y`]: y };
  }

  /** The points with the held one where the hand has it. @param {Held} held */
  function atHand(held) {
    const [x, y] = [Array.from(points.x), Array.from(points.y)];
    if (held.number < x.length) [x[held.number], y[held.number]] = [held.x, held.y];
    return { ...points, x, y };
  }

  /** A key moved a point: it stays there until the script has it.
   * @type {(number: number, x: number, y: number) => void} */
  function byKey(number, x, y) {
    held = { number, x, y, from: [], dragged: true, let: true };
    card.draw(withHeld(held));
    out.say({ type: "move", number, x, y });
  }

  const changing = () => out.list().some(({ type }) => type !== "move"); // the points are about to be renumbered

  /** The plot in the window, and its axes; null before it is drawn. @returns {Where | null} */
  function frame() {
    const gd = /** @type {PlotElement | null} */ (area.querySelector(".panda-figure"));
    if (!gd?._fullLayout?.xaxis) return null;
    const { left, top } = gd.getBoundingClientRect();
    return { left, top, ...gd._fullLayout };
  }

  /** The number of the nearest point under the pointer, or -1. @type {(event: Pointer, where: Where) => number} */
  function hit(event, where) {
    let [best, number] = [NEAR[event.pointerType] ?? NEAR.touch, -1];
    for (let i = 0; i < points.x.length; i += 1) {
      const across = where.left + where.xaxis._offset + where.xaxis.d2p(points.x[i]) - event.clientX;
      const up = where.top + where.yaxis._offset + where.yaxis.d2p(points.y[i]) - event.clientY;
      const far = Math.hypot(across, up);
      if (far < best) [best, number] = [far, i];
    }
    return number;
  }

  /** The values at a pointer. @type {(event: Pointer, where: Where) => { x: number, y: number }} */
  function place(event, { left, top, xaxis, yaxis }) {
    return { x: valueOn(xaxis, event.clientX - left), y: valueOn(yaxis, event.clientY - top) };
  }

  /** @type {(down: { from: number[] }, event: Pointer) => boolean} */
  const wandered = ({ from }, event) => Math.hypot(event.clientX - from[0], event.clientY - from[1]) > STILL;

  area.addEventListener("pointerdown", (event) => {
    const where = frame();
    if (!where || event.button || !event.isPrimary || onModebar(event)) return;
    if (changing()) return;
    const from = [event.clientX, event.clientY];
    const number = hit(event, where);
    if (number < 0) {
      free = { from };
      return;
    }
    held = { number, from, x: points.x[number], y: points.y[number], dragged: false, let: false };
    area.setPointerCapture(event.pointerId);
  });

  area.addEventListener("pointermove", (event) => {
    const where = frame();
    if (!where) return;
    if (!held || held.let) {
      area.classList.toggle("panda-over", hit(event, where) >= 0);
      return;
    }
    if (!held.dragged && !wandered(held, event)) return;
    Object.assign(held, place(event, where), { dragged: true });
    card.draw(withHeld(held));
    out.say({ type: "move", number: held.number, x: held.x, y: held.y });
  });

  area.addEventListener("pointerup", (event) => {
    const where = frame();
    if (held && !held.let) letGo(held);
    else if (free && where && !wandered(free, event)) out.say({ type: "add", ...place(event, where) });
    free = null;
  });

  /** @param {Held} point */
  function letGo(point) {
    if (!point.dragged) {
      out.say({ type: "remove", number: point.number });
      held = null;
    } else if (out.list().length) point.let = true; // stays where it is until the script has it
    else held = null;
  }

  area.addEventListener("pointercancel", () => {
    free = null;
    if (held?.dragged) letGo(held);
    else held = null;
  });

  // Without this, plotly covers the page at each press, for drags that these charts do not have.
  ["mousedown", "touchstart"].forEach((press) => area.addEventListener(press, (event) => {
    if (!onModebar(event)) event.stopPropagation();
  }, { capture: true, passive: true }));

  // A finger on a point moves the point; beside the points it scrolls the page.
  area.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    const where = frame();
    if (where && hit({ clientX: touch.clientX, clientY: touch.clientY, pointerType: "touch" }, where) >= 0) {
      event.preventDefault();
    }
  }, { capture: true, passive: false });

  const purge = () => { out.stop(); card.purge(); };
  const resize = () => { card.resize(); keys.place(); };
  return { ...card, draw, resize, purge };
}

/** The value of an axis at a distance from the figure's edge, within the axis.
 * @type {(axis: Axis, px: number) => number} */
const valueOn = (axis, px) => axis.p2d(Math.min(axis._length, Math.max(0, px - axis._offset)));

/** Whether a press is on plotly's own buttons. @param {Event} event */
const onModebar = (event) => Boolean(/** @type {Element} */ (event.target).closest(".modebar"));

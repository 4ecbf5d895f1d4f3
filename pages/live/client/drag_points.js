/** Points of a chart that a person moves, adds and removes: `layout.meta.points` names their trace.
 *
 * A drag moves a point, a click removes it, a click beside the points adds one; keys.js does the same by keyboard.
 * A held point follows the finger at once. One message at a time goes to the script: {type: "move" | "remove", number,
 * x, y, id} or {type: "add", x, y, id}. The script's answer carries the id of what it heard last (`channel.heard`);
 * a message that it did not hear is sent again.
 */
import { handle } from "./keys.js";

const STILL = 4; // pixels that a click may wander
const NEAR = { mouse: 11, pen: 14, touch: 24 }; // pixels from a point's middle that still take hold of it
const PATIENCE = 600; // ms after which a message that was not heard is sent again
const TIMES = 6; // that a message is sent, at most

let ids = Date.now() * 1000; // another window of the same session starts at another number

/** `card` with points that can be moved, if `chart` has such. */
export function movable(card, chart, channel) {
  const uid = chart.figure.layout.meta?.points;
  if (!uid) return card;
  const area = card.node.querySelector(".panda-plot");
  let points = { x: [], y: [] }; // as the script has them, with a `text` that names each
  let held = null; // {number, x, y, from, dragged} a point under the finger, or let go and not answered yet
  let free = null; // {from}: the pointer went down beside the points
  let waiting = []; // messages, the first of which is on its way
  let times = 0; // that it was sent
  let timer = 0;
  area.classList.add("panda-movable");
  const keys = handle(card.node, chart.title, {
    points: () => (held?.dragged ? atHand() : points),
    frame,
    busy: () => Boolean(held && !held.let) || changing(),
    move: byKey,
    remove: (number) => say({ type: "remove", number }),
    add: (x, y) => say({ type: "add", x, y }),
  });

  /** What the script says, with the held point where the hand has it. */
  function draw(arrays) {
    if (arrays[`${uid}.x`]) points = { x: arrays[`${uid}.x`], y: arrays[`${uid}.y`], text: arrays[`${uid}.text`] };
    answered();
    card.draw(held?.dragged ? { ...arrays, ...withHeld() } : arrays);
    keys.place();
  }

  function withHeld() {
    const { x, y } = atHand();
    return { [`${uid}.x`]: x, [`${uid}.y`]: y };
  }

  /** The points with the held one where the hand has it. */
  function atHand() {
    const [x, y] = [Array.from(points.x), Array.from(points.y)];
    if (held.number < x.length) [x[held.number], y[held.number]] = [held.x, held.y];
    return { ...points, x, y };
  }

  /** A key moved a point: it stays there until the script has it. */
  function byKey(number, x, y) {
    held = { number, x, y, dragged: true, let: true };
    card.draw(withHeld());
    say({ type: "move", number, x, y });
  }

  const changing = () => waiting.some(({ type }) => type !== "move"); // numbers of points are about to change

  /** A point that moves on before its last place was sent has only its new one. */
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
    channel.send(waiting[0]);
  }

  function done() {
    waiting.shift();
    times = 0;
    clearTimeout(timer);
    if (!waiting.length && held?.let) held = null;
    post();
  }

  function answered() {
    if (waiting.length && channel.heard === waiting[0].id) done();
  }

  /** {left, top} of the plot in the window, and its axes; null before it is drawn. */
  function frame() {
    const gd = area.querySelector(".panda-figure");
    if (!gd?._fullLayout?.xaxis) return null;
    const { left, top } = gd.getBoundingClientRect();
    return { left, top, ...gd._fullLayout };
  }

  /** The number of the nearest point under the pointer, or -1. */
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

  function place(event, where) {
    const [x, y] = [["xaxis", event.clientX - where.left], ["yaxis", event.clientY - where.top]].map(([key, at]) => {
      const axis = where[key];
      return axis.p2d(Math.min(axis._length, Math.max(0, at - axis._offset)));
    });
    return { x, y };
  }

  const wandered = ({ from }, event) => Math.hypot(event.clientX - from[0], event.clientY - from[1]) > STILL;

  area.addEventListener("pointerdown", (event) => {
    const where = frame();
    if (!where || event.button || !event.isPrimary || event.target.closest(".modebar")) return;
    if (changing()) return;
    const from = [event.clientX, event.clientY];
    const number = hit(event, where);
    if (number < 0) {
      free = { from };
      return;
    }
    held = { number, from, x: points.x[number], y: points.y[number], dragged: false };
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
    card.draw(withHeld());
    say({ type: "move", number: held.number, x: held.x, y: held.y });
  });

  area.addEventListener("pointerup", (event) => {
    const where = frame();
    if (held && !held.let) letGo();
    else if (free && where && !wandered(free, event)) say({ type: "add", ...place(event, where) });
    free = null;
  });

  function letGo() {
    if (!held.dragged) {
      say({ type: "remove", number: held.number });
      held = null;
    } else if (waiting.length) held.let = true; // stays where it is until the script has it
    else held = null;
  }

  area.addEventListener("pointercancel", () => {
    free = null;
    if (held?.dragged) letGo();
    else held = null;
  });

  // Plotly would lay a cover over the page at each press, for drags that these charts do not have.
  ["mousedown", "touchstart"].forEach((press) => area.addEventListener(press, (event) => {
    if (!event.target.closest(".modebar")) event.stopPropagation();
  }, { capture: true, passive: true }));

  // A finger on a point moves the point; beside the points it scrolls the page.
  area.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    const where = frame();
    if (where && hit({ clientX: touch.clientX, clientY: touch.clientY, pointerType: "touch" }, where) >= 0) {
      event.preventDefault();
    }
  }, { capture: true, passive: false });

  const purge = () => { clearTimeout(timer); card.purge(); };
  const resize = () => { card.resize(); keys.place(); };
  return { ...card, draw, resize, purge };
}

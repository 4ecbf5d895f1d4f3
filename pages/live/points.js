/** Points of a chart that a person moves, adds and removes: `layout.meta.points` names their trace.
 *
 * A drag moves a point, a click removes it, a click beside the points adds one. What is held follows the finger at once;
 * one message at a time goes to the script: {type: "move" | "remove", number, x, y} or {type: "add", x, y}.
 */
const STILL = 4; // pixels that a click may wander
const NEAR = { mouse: 11, pen: 14, touch: 24 }; // pixels from a point's middle that still take hold of it
const PATIENCE = 1000; // ms after which a message that was not answered no longer holds up the next

/** `card` with points that can be moved, if `chart` has such; `send` takes the messages. */
export function movable(card, chart, send) {
  const uid = chart.figure.layout.meta?.points;
  if (!uid) return card;
  const area = card.node.querySelector(".panda-plot");
  let points = { x: [], y: [] }; // as the script has them
  let held = null; // {number, x, y, from, dragged} a point under the finger, or let go and not answered yet
  let free = null; // {from}: the pointer went down beside the points
  let next = null; // the message that waits for its turn
  let onItsWay = null;
  let timer = 0;
  area.classList.add("panda-movable");

  /** What the script says, with the held point where the hand has it. */
  function draw(arrays) {
    if (arrays[`${uid}.x`]) points = { x: arrays[`${uid}.x`], y: arrays[`${uid}.y`] };
    answered();
    card.draw(held?.dragged ? { ...arrays, ...withHeld() } : arrays);
  }

  function withHeld() {
    const [x, y] = [Array.from(points.x), Array.from(points.y)];
    if (held.number < x.length) [x[held.number], y[held.number]] = [held.x, held.y];
    return { [`${uid}.x`]: x, [`${uid}.y`]: y };
  }

  function say(message) {
    next = message;
    if (!onItsWay) post();
  }

  function post() {
    clearTimeout(timer);
    onItsWay = next;
    next = null;
    if (!onItsWay) return;
    timer = setTimeout(late, PATIENCE);
    send(onItsWay);
  }

  /** A move that was lost is sent again: it says where the point is, not how far it went. */
  function late() {
    if (!next && onItsWay?.type === "move" && held && !held.again) [next, held.again] = [onItsWay, true];
    post();
    if (!onItsWay && held?.let) held = null;
  }

  function answered() {
    if (!onItsWay) return;
    post();
    if (!onItsWay && held?.let) held = null;
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
    if ((onItsWay ?? next) && (onItsWay ?? next).type !== "move") return; // numbers of points are about to change
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
    } else if (onItsWay || next) held.let = true; // stays where it is until the script has it
    else held = null;
  }

  area.addEventListener("pointercancel", () => {
    free = null;
    if (held?.dragged) letGo();
    else held = null;
  });

  // A finger on a point moves the point; beside the points it scrolls the page.
  area.addEventListener("touchstart", (event) => {
    const [touch] = event.touches;
    const where = frame();
    if (where && hit({ clientX: touch.clientX, clientY: touch.clientY, pointerType: "touch" }, where) >= 0) {
      event.preventDefault();
    }
  }, { passive: false });

  const purge = () => { clearTimeout(timer); card.purge(); };
  return { ...card, draw, purge };
}

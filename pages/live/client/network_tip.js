/** What is said of the unit or line that is pointed at, beside it, with a larger picture of a unit. */
import { element, write } from "./dom.js";

const SIDE = 64; // px of the picture
const APART = 28; // px from the place that is pointed at

/** A note: `show(area, place, text, paint)` puts it beside a place of `area`; `paint` draws a picture of that side. */
export function tip() {
  const words = element("span");
  const canvas = element("canvas", { width: 2 * SIDE, height: 2 * SIDE, style: `width:${SIDE}px;height:${SIDE}px` });
  const node = element("div", { class: "panda-network-tip", hidden: true }, canvas, words);

  /** @type {(area: HTMLElement, place: { x: number, y: number }, text: string,
   *   paint?: (on: CanvasRenderingContext2D, side: number) => void) => void} */
  function show(area, { x, y }, text, paint) {
    write(words, text);
    canvas.hidden = !paint;
    const on = canvas.getContext("2d");
    if (on && paint) {
      on.clearRect(0, 0, 2 * SIDE, 2 * SIDE);
      paint(on, 2 * SIDE);
    }
    node.hidden = false;
    put(area, x, y);
  }

  /** Beside the place where there is room, else above or below it.
   * @type {(area: HTMLElement, x: number, y: number) => void} */
  function put(area, x, y) {
    const { offsetWidth: wide, offsetHeight: high } = node;
    const { clientWidth: width, clientHeight: height } = area;
    const toLeft = x > width / 2;
    const beside = (toLeft ? x : width - x) - APART >= wide;
    const left = beside ? (toLeft ? x - APART - wide : x + APART) : x - wide / 2;
    const top = beside ? y - high / 2 : y > height / 2 ? y - APART - high : y + APART;
    node.style.left = `${within(left, width - wide)}px`;
    node.style.top = `${within(top, height - high)}px`;
  }

  return { node, show, hide() { node.hidden = true; } };
}

/** @type {(value: number, most: number) => number} */
const within = (value, most) => Math.max(0, Math.min(value, most));

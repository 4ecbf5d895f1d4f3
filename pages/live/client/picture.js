/** A picture of classes under a plot: one colour a class, confidence as opacity, drawn on a canvas. */

/** @import { Drawn, Image } from "./types.js" */

const STRONGEST = 0.62; // opacity of full confidence: points of the same colour stay readable on it

/** A canvas under `plot`; `draw(image)` paints it, `place(gd)` keeps it under the plot's axes.
 * @param {string[]} palette - "#rrggbb" of each class
 */
export function picture(palette) {
  const frame = document.createElement("div");
  frame.className = "panda-picture";
  const canvas = document.createElement("canvas");
  frame.append(canvas);
  const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** The colour of each byte, for that many classes. @type {[number, Uint8ClampedArray]} */
  let inks = [0, new Uint8ClampedArray(0)];
  /** @type {number[] | null} */
  let extent = null;

  /** Row 0 of the arrays is the lowest y. @param {Image} image */
  function draw({ points, classes, extent: next }) {
    const [high, wide] = [points.length, points[0].length];
    if (inks[0] !== classes) inks = [classes, inksOf(classes, palette)];
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const image = paint.createImageData(wide, high);
    for (let row = 0, at = 0; row < high; row += 1) {
      const theirs = points[high - 1 - row];
      for (let column = 0; column < wide; column += 1, at += 4) {
        const ink = 4 * theirs[column];
        for (let part = 0; part < 4; part += 1) image.data[at + part] = inks[1][ink + part];
      }
    }
    paint.putImageData(image, 0, 0);
    extent = Array.from(next);
  }

  /** @param {Drawn} gd */
  function place(gd) {
    const { _size: size, xaxis, yaxis } = gd._fullLayout;
    if (!extent || !size) return;
    const [x0, x1, y0, y1] = extent;
    const [left, right, bottom, top] = [xaxis.d2p(x0), xaxis.d2p(x1), yaxis.d2p(y0), yaxis.d2p(y1)];
    put(frame, xaxis._offset, yaxis._offset, xaxis._length, yaxis._length);
    put(canvas, left, top, right - left, bottom - top);
  }

  return { frame, draw, place };
}

/** Red, green, blue and opacity of each byte of a picture of that many classes, 256 times one after another.
 * @type {(classes: number, palette: string[]) => Uint8ClampedArray} */
export function inksOf(classes, palette) {
  const steps = Math.floor(256 / classes); // of confidence
  const inks = new Uint8ClampedArray(4 * 256);
  for (let byte = 0; byte < steps * classes; byte += 1) {
    const hex = palette[Math.floor(byte / steps) % palette.length];
    const colour = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    inks.set([...colour, (255 * STRONGEST * (byte % steps)) / (steps - 1)], 4 * byte);
  }
  return inks;
}

/** @type {(node: HTMLElement, left: number, top: number, width: number, height: number) => void} */
function put(node, left, top, width, height) {
  node.style.cssText = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
}

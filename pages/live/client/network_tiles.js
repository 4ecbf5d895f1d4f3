/** The small pictures of a network's units, kept on a canvas for each column. */

/** @import { Network, NetworkMeta } from "./types.js" */
/** @typedef {ReturnType<typeof tiles>} Tiles */
/** Red, green, blue. @typedef {[number, number, number]} Ink */

/** @type {Ink} */
const BLUE = [0, 114, 178];
/** @type {Ink} */
const ORANGE = [230, 159, 0];
/** @type {Ink} */
const GREY = [140, 140, 140];
const ZERO = 128; // the byte of 0; 127 more is 1

/** The tiles of the columns: `fill(now)` takes those of a frame, `draw(paint, n, x, y, side)` draws the n-th.
 * @param {NetworkMeta} meta
 * @param {string[]} palette - "#rrggbb" of each class */
export function tiles({ columns, smooth }, palette) {
  const classes = palette.map((hex) => /** @type {Ink} */ ([1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))));
  const kept = columns.map(() => document.createElement("canvas"));
  /** Where the n-th tile is. @type {{ column: number, row: number }[]} */
  const places = columns.flatMap(({ shown }, column) => Array.from({ length: shown }, (_, row) => ({ column, row })));
  /** @type {ArrayLike<number>[]} */
  let shapes = [];

  /** @param {Network} now */
  function fill(now) {
    shapes = now.shapes;
    let [unit, first] = [0, 0];
    columns.forEach(({ shown, ink }, column) => {
      const [high, wide] = [shapes[column][0] * shown, shapes[column][1]];
      const size = (high * wide) / shown;
      const paint = sized(kept[column], wide, high);
      const image = paint.createImageData(wide, high);
      for (let i = 0; i < shown; i += 1, unit += 1, first += size) {
        const own = classes[now.units[unit] % classes.length];
        const [above, below] = { sign: [BLUE, ORANGE], class: [own, own] }[ink] ?? [GREY, GREY];
        tint(image.data, 4 * i * size, now.tiles.subarray(first, first + size), above, below);
      }
      paint.putImageData(image, 0, 0);
    });
  }

  /** @type {(paint: CanvasRenderingContext2D, n: number, x: number, y: number, side: number) => void} */
  function draw(paint, n, x, y, side) {
    const { column, row } = places[n];
    const [high, wide] = Array.from(shapes[column]);
    paint.imageSmoothingEnabled = smooth;
    paint.drawImage(kept[column], 0, row * high, wide, high, x, y, side, side);
  }

  return { fill, draw };
}

/** Write colours for the bytes `values` into pixels from `at` on: 0 is transparent.
 * @type {(pixels: Uint8ClampedArray, at: number, values: Uint8Array, above: Ink, below: Ink) => void} */
export function tint(pixels, at, values, above, below) {
  for (const value of values) {
    const [red, green, blue] = value < ZERO ? below : above;
    pixels[at] = red;
    pixels[at + 1] = green;
    pixels[at + 2] = blue;
    pixels[at + 3] = 2 * Math.abs(value - ZERO);
    at += 4;
  }
}

/** @type {(canvas: HTMLCanvasElement, width: number, height: number) => CanvasRenderingContext2D} */
function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

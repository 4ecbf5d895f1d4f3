/** Smoothing of lines that a chart has already: a second exponentially weighted average over steps. */

/** @import { Arrays } from "./types.js" */

/** The values y at the steps x, averaged over about `steps` steps more, with bias correction; gaps stay gaps.
 * @type {(x: ArrayLike<number>, y: ArrayLike<number>, steps: number) => Float32Array} */
export function smoothed(x, y, steps) {
  const out = new Float32Array(y.length);
  let [sum, weight, before] = [0, 0, NaN];
  for (let i = 0; i < y.length; i += 1) {
    const passed = Number.isNaN(before) ? 1 : x[i] - before; // bins of a long run are many steps wide
    before = x[i];
    const keep = Number.isFinite(y[i]) ? Math.exp(-Math.max(0, passed) / steps) : 1;
    if (keep < 1) {
      sum = keep * sum + (1 - keep) * y[i];
      weight = keep * weight + (1 - keep);
    }
    out[i] = Number.isFinite(y[i]) ? sum / weight : NaN;
  }
  return out;
}

/** The arrays of a frame with the lines of these uids smoothed; 0 steps leave all as it is.
 * @type {(arrays: Arrays, uids: string[], steps: number) => Arrays} */
export function smoothLines(arrays, uids, steps) {
  if (!steps) return arrays;
  const news = { ...arrays };
  for (const uid of uids) {
    const [x, y] = [arrays[`${uid}.x`], arrays[`${uid}.y`]].map((line) => /** @type {Float32Array | undefined} */ (line));
    if (x && y) news[`${uid}.y`] = smoothed(x, y, steps);
  }
  return news;
}

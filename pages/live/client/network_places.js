/** Where the units and the weights of a picture of a network are, in pixels, and which of them a pointer is on. */

/** @import { NetworkColumn } from "./types.js" */

/** A shown unit: its column, its centre, and half the side of its tile.
 * @typedef {{ column: number, x: number, y: number, half: number }} Unit */
/** A weight, from a shown unit to one of the next column. @typedef {{ from: number, to: number, column: number }} Line */
/** `pitch` is the distance of two columns.
 * @typedef {{ units: Unit[], lines: Line[], pitch: number, top: number, bottom: number, height: number }} Places */
/** What a pointer is on. @typedef {{ unit: number } | { line: number }} Found */

const [ABOVE, BELOW] = [24, 38]; // px for words
const SPREAD = 1.6; // most rows from unit to unit
const SIDE = 0.84; // of a tile, as a share of the distance of two units
const [MOST_SIDE, MOST_PITCH] = [36, 0.62]; // px, and as a share of the pitch
const NEAR = 5; // px from a line within which a pointer is on it

/** The places of the columns' units in a picture of `width` by `height` with margins `left` and `right`. The highest
 * column has a row for each unit, the others spread theirs over the same height.
 * @type {(columns: NetworkColumn[], width: number, height: number, left: number, right: number) => Places} */
export function places(columns, width, height, left, right) {
  const rows = Math.max(...columns.map(({ shown }) => shown));
  const row = (height - ABOVE - BELOW) / rows;
  const gaps = columns.length - 1;
  const across = width - left - right;
  const most = Math.min(MOST_SIDE, (across * MOST_PITCH) / (gaps + MOST_PITCH)); // at both ends half of it is left free
  const pitch = (across - most) / gaps;
  const middle = ABOVE + (rows * row) / 2;
  /** @type {Places} */
  const found = { units: [], lines: [], pitch, top: ABOVE, bottom: height - BELOW, height };
  columns.forEach(({ shown }, column) => {
    const gap = row * Math.min(rows / shown, SPREAD);
    const before = found.units.length - (columns[column - 1]?.shown ?? 0);
    const first = found.units.length;
    const half = Math.min(SIDE * gap, most) / 2;
    for (let i = 0; i < shown; i += 1) {
      const y = middle + gap * (i - (shown - 1) / 2);
      found.units.push({ column, x: left + most / 2 + column * pitch, y, half });
      for (let from = before; from < first; from += 1) found.lines.push({ from, to: first + i, column });
    }
  });
  return found;
}

/** What is at a place: a unit, else the nearest line of those that are `seen`, else null.
 * @type {(at: Places, x: number, y: number, seen: (line: number) => boolean) => Found | null} */
export function found({ units, lines }, x, y, seen) {
  const unit = units.findIndex((one) => Math.max(Math.abs(one.x - x), Math.abs(one.y - y)) <= one.half);
  if (unit >= 0) return { unit };
  let [best, nearest] = [-1, NEAR];
  lines.forEach(({ from, to }, i) => {
    const [x0, x1] = [units[from].x + units[from].half, units[to].x - units[to].half];
    const share = (x - x0) / (x1 - x0);
    if (share < 0 || share > 1 || !seen(i)) return;
    const [high, slope] = bend(units[from].y, units[to].y, share);
    const far = Math.abs(y - high) / Math.hypot(1, slope / (x1 - x0));
    if (far < nearest) [best, nearest] = [i, far];
  });
  return best < 0 ? null : { line: best };
}

/** y of a line at a share of its way, a smooth step from y0 to y1, and its slope there in y a share.
 * @type {(y0: number, y1: number, share: number) => [number, number]} */
function bend(y0, y1, share) {
  return [y0 + (y1 - y0) * share * share * (3 - 2 * share), (y1 - y0) * 6 * share * (1 - share)];
}

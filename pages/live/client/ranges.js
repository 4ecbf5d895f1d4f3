/** Ranges of axes that follow the data: when they no longer fit, and how much room a growing line gets. */

/** @import { Axis, AxisKey, Drawn, FullLayout, Layout, LayoutAxis, Range } from "./types.js" */

/** By the key of an axis ("xaxis"). @typedef {Record<string, Range>} Ranges */
/** By the key of an axis ("xaxis"). @typedef {Record<string, number>} Shares */

const OVER = 0.01; // share of the range by which data may stick out
const SPARSE = 0.65; // of the share that the data filled at first: below it the axis is too long
const [FAR_OVER, FAR_SPARSE] = [0.25, 0.3]; // the same limits for drawing at once
const MOST = 0.5; // of the data's span: largest room to grow

const AXIS = /^[xy]axis\d*$/;

/** The axis with that key. @type {(layout: FullLayout, key: string) => Axis} */
export const axisOf = (layout, key) => layout[/** @type {AxisKey} */ (key)];

/** The keys of the axes that follow the data. @param {FullLayout} layout */
const following = (layout) => Object.keys(layout).filter((key) => {
  if (!AXIS.test(key)) return false;
  const { autorange, type } = axisOf(layout, key);
  return autorange === true && ["linear", "log"].includes(type);
});

/** The data's [low, high] on each axis that follows the data, in the axis' own (log) units.
 * @param {Pick<Drawn, "_fullLayout" | "_fullData">} gd
 */
export function extents(gd) {
  /** @type {Ranges} */
  const found = {};
  for (const key of following(gd._fullLayout)) {
    const id = axisOf(gd._fullLayout, key)._id;
    const seen = gd._fullData.filter((trace) => trace.visible === true);
    const ends = seen.flatMap((trace) => trace._extremes?.[id] ?? []);
    const low = Math.min(...ends.flatMap(({ min }) => min.map(({ val }) => val)));
    const high = Math.max(...ends.flatMap(({ max }) => max.map(({ val }) => val)));
    if (Number.isFinite(low) && Number.isFinite(high)) found[key] = [low, high];
  }
  return found;
}

/** How badly the axes fit the data: 0 fine, 1 redraw soon, 2 redraw at once. `filled` comes from `shares`.
 * @type {(gd: Pick<Drawn, "_fullLayout">, wanted: Ranges, filled: Shares) => 0 | 1 | 2} */
export function misfit(gd, wanted, filled) {
  /** @type {0 | 1} */
  let worst = 0;
  for (const [key, [low, high]] of Object.entries(wanted)) {
    const [from, to] = ordered(axisOf(gd._fullLayout, key).range);
    const span = to - from || 1;
    const out = Math.max(from - low, high - to) / span;
    const share = (high - low) / span / (filled[key] || 1);
    if (out > FAR_OVER || share < FAR_SPARSE) return 2;
    if (out > OVER || share < SPARSE) worst = 1;
  }
  return worst;
}

/** The share of each axis that the data fill. Taken just after a whole drawing, it is what counts as well filled.
 * @type {(gd: Pick<Drawn, "_fullLayout">, wanted: Ranges) => Shares} */
export function shares(gd, wanted) {
  return Object.fromEntries(Object.entries(wanted).map(([key, [low, high]]) => {
    const [from, to] = ordered(axisOf(gd._fullLayout, key).range);
    return [key, (high - low) / (to - from || 1)];
  }));
}

/** @type {(range: Range) => Range} */
const ordered = ([a, b]) => (a < b ? [a, b] : [b, a]);

/** The layout with room for the same growth again as between `before` and `now` (both from `extents`), up to a round
 * number, so that charts of the same steps get the same axis.
 * @type {(layout: Layout, before: Ranges, now: Ranges, isLog: (key: string) => boolean) => Layout} */
export function roomFor(layout, before, now, isLog) {
  const next = { ...layout };
  for (const [key, [low, high]] of Object.entries(now)) {
    const [oldLow, oldHigh] = before[key] ?? [low, high];
    const unit = 10 ** Math.floor(Math.log10((high - low) / 4 || 1)) * 2.5;
    const most = MOST * (high - low);
    const ends = [
      oldLow > low ? Math.floor((low - Math.min(oldLow - low, most)) / unit) * unit : low,
      oldHigh < high ? Math.ceil((high + Math.min(high - oldHigh, most)) / unit) * unit : high,
    ];
    const include = isLog(key) ? ends.map((end) => 10 ** end) : ends;
    const axis = /** @type {LayoutAxis | undefined} */ (layout[key]);
    next[key] = { ...axis, autorangeoptions: { ...axis?.autorangeoptions, include } };
  }
  return next;
}

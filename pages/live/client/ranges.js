/** Ranges of the axes that follow the data: when they no longer fit, and how much room a growing line is given. */

const OVER = 0.01; // of the range, by which data may stick out
const SPARSE = 0.65; // of what the data filled when the axis was chosen, below which the axis is too long
const [FAR_OVER, FAR_SPARSE] = [0.25, 0.3]; // the same, where it cannot wait
const MOST = 0.5; // of the data's span, at most given as room to grow

const AXIS = /^[xy]axis\d*$/;

const following = (layout) => Object.keys(layout)
  .filter((key) => AXIS.test(key) && layout[key].autorange === true && ["linear", "log"].includes(layout[key].type));

/** {axis key: [low, high]} of what the axes that follow the data have to show, in the axis' own (log) units. */
export function extents(gd) {
  const found = {};
  for (const key of following(gd._fullLayout)) {
    const id = gd._fullLayout[key]._id;
    const seen = gd._fullData.filter((trace) => trace.visible === true);
    const ends = seen.map((trace) => trace._extremes?.[id]).filter(Boolean);
    const low = Math.min(...ends.flatMap(({ min }) => min.map(({ val }) => val)));
    const high = Math.max(...ends.flatMap(({ max }) => max.map(({ val }) => val)));
    if (Number.isFinite(low) && Number.isFinite(high)) found[key] = [low, high];
  }
  return found;
}

/** How badly the axes fit the data: 0 fine, 1 soon to be drawn anew, 2 at once. `filled`: see `shares`. */
export function misfit(gd, wanted, filled) {
  let worst = 0;
  for (const [key, [low, high]] of Object.entries(wanted)) {
    const [from, to] = ordered(gd._fullLayout[key].range);
    const span = to - from || 1;
    const out = Math.max(from - low, high - to) / span;
    const share = (high - low) / span / (filled[key] || 1);
    if (out > FAR_OVER || share < FAR_SPARSE) return 2;
    if (out > OVER || share < SPARSE) worst = 1;
  }
  return worst;
}

/** {axis key: share of its range that the data fill}, just after a whole drawing: what counts as well filled. */
export function shares(gd, wanted) {
  return Object.fromEntries(Object.entries(wanted).map(([key, [low, high]]) => {
    const [from, to] = ordered(gd._fullLayout[key].range);
    return [key, (high - low) / (to - from || 1)];
  }));
}

const ordered = ([a, b]) => (a < b ? [a, b] : [b, a]);

/** The layout with room for as much growth again as there was between `before` and `now` (both from `extents`), up to
 * a round number, so that charts of the same steps get the same axis. */
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
    next[key] = { ...layout[key], autorangeoptions: { ...layout[key]?.autorangeoptions, include } };
  }
  return next;
}

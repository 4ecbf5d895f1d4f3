/** Ranges of the axes that follow the data: when they no longer fit, and how much room a growing line is given. */

const OVER = 0.01; // of the range, by which data may stick out
const SPARSE = 0.6; // of the range, below which the data fill too little
const MOST = 0.5; // of the data's span, at most given as room to grow

const AXIS = /^[xy]axis\d*$/;

const following = (layout) => Object.keys(layout)
  .filter((key) => AXIS.test(key) && layout[key].autorange === true && ["linear", "log"].includes(layout[key].type));

/** {axis key: [low, high]} of what the axes that follow the data have to show, in the axis' own (log) units. */
export function extents(gd) {
  const found = {};
  for (const key of following(gd._fullLayout)) {
    const id = gd._fullLayout[key]._id;
    const ends = gd._fullData.filter((trace) => trace.visible === true && trace._extremes?.[id]).map((trace) => trace._extremes[id]);
    const low = Math.min(...ends.flatMap(({ min }) => min.map(({ val }) => val)));
    const high = Math.max(...ends.flatMap(({ max }) => max.map(({ val }) => val)));
    if (Number.isFinite(low) && Number.isFinite(high)) found[key] = [low, high];
  }
  return found;
}

/** How badly the axes fit the data: 0 fine, 1 soon to be drawn anew, 2 at once. */
export function misfit(gd, wanted) {
  let worst = 0;
  for (const [key, [low, high]] of Object.entries(wanted)) {
    const [from, to] = [...gd._fullLayout[key].range].sort((a, b) => a - b);
    const span = to - from || 1;
    const out = Math.max(from - low, high - to) / span;
    const filled = (high - low) / span;
    if (out > 0.25 || (filled < 0.3 && high > low)) return 2;
    if (out > OVER || (filled < SPARSE && high > low)) worst = 1;
  }
  return worst;
}

/** The layout with room for as much growth again as there was between `before` and `now` (both from `extents`). */
export function roomFor(layout, before, now, isLog) {
  const next = { ...layout };
  for (const [key, [low, high]] of Object.entries(now)) {
    const [oldLow, oldHigh] = before[key] ?? [low, high];
    const most = MOST * (high - low);
    const ends = [low - within(oldLow - low, most), high + within(high - oldHigh, most)];
    const include = isLog(key) ? ends.map((end) => 10 ** end) : ends;
    next[key] = { ...layout[key], autorangeoptions: { ...layout[key]?.autorangeoptions, include } };
  }
  return next;
}

const within = (growth, most) => Math.max(0, Math.min(growth, most));

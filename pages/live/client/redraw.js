/** Drawing only what moved, with plotly's own steps `calc` and `plot` of each trace.
 *
 * `Plotly.react` also works out margins, axes, legend and events again, which costs 3 to 6 times as much. The steps used
 * here are internal to plotly.js, whose version is pinned (assets.py); where one is missing, `redraw` returns false and
 * the caller draws everything.
 */

import { assign } from "./attributes.js";

/** @import { Drawn, FullTrace } from "./types.js" */

/** New arrays of a trace by the path of their attribute ("marker.color"). @typedef {Record<string, unknown>} Moved */

/** Redraw the traces named in `moved` (uid -> {attribute path: array}); false if that takes a whole drawing.
 * @param {Drawn} gd
 * @param {Map<string, Moved>} moved
 */
export function redraw(gd, moved) {
  const { _fullData: traces, _fullLayout: layout } = gd;
  if (!layout?._basePlotModules.every((base) => base.name === "cartesian")) return false;
  const touched = traces.filter((trace) => moved.has(trace.uid));
  if (touched.length < moved.size) return false;
  const news = touched.map(({ uid }) => moved.get(uid) ?? {});
  if (!touched.every((trace, i) => take(trace, news[i]))) return false;
  for (const trace of touched.filter((one) => one.visible === true)) calculate(gd, trace);
  for (const kind of layout._modules) {
    for (const subplot of Object.values(layout._plots)) kind.crossTraceCalc?.(gd, subplot);
  }
  for (const base of layout._basePlotModules) base.plot(gd);
  if (news.some(styled)) layout._modules.forEach((kind) => kind.style?.(gd));
  return true;
}

/** @param {Moved} arrays */
const styled = (arrays) => Object.keys(arrays).some((path) => path.includes("."));

/** Put arrays into a trace; false if that makes the trace appear or vanish, which changes the whole figure.
 * @type {(trace: FullTrace, arrays: Moved) => boolean} */
function take(trace, arrays) {
  for (const [path, array] of Object.entries(arrays)) {
    assign(trace, path, array);
    assign(trace._input, path, array);
  }
  if (trace.visible === "legendonly") return true;
  const empty = ["x", "y", "z"].some((key) => /** @type {ArrayLike<unknown>} */ (trace._input[key])?.length === 0);
  if (empty || trace.visible === false) return empty && trace.visible === false;
  if (trace.x && trace.y) trace._length = Math.min(trace.x.length, trace.y.length);
  return true;
}

/** @type {(gd: Drawn, trace: FullTrace) => void} */
function calculate(gd, trace) {
  const points = trace._module.calc(gd, trace);
  points[0].t ??= {};
  points[0].trace = trace;
  gd.calcdata[trace.index] = points;
}

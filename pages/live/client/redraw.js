/** Drawing only what moved, with plotly's own steps `calc` and `plot` of each trace.
 *
 * `Plotly.react` also works out margins, axes, legend and events anew: 3 to 6 times the cost. The steps used here are
 * internal to plotly.js, which is served from the installed package and therefore pinned; where one is missing,
 * `redraw` says false and the caller draws everything.
 */

/** Redraw the traces named in `moved` (uid -> {attribute path: array}); false where that takes a whole drawing. */
export function redraw(gd, moved) {
  const { _fullData: traces, _fullLayout: layout } = gd;
  if (!layout?._basePlotModules.every((base) => base.name === "cartesian")) return false;
  const touched = traces.filter((trace) => moved.has(trace.uid));
  if (touched.length < moved.size) return false;
  for (const trace of touched) if (!take(trace, moved.get(trace.uid))) return false;
  for (const trace of touched.filter((one) => one.visible === true)) calculate(gd, trace);
  for (const kind of layout._modules) {
    for (const subplot of Object.values(layout._plots)) kind.crossTraceCalc?.(gd, subplot);
  }
  for (const base of layout._basePlotModules) base.plot(gd);
  if (touched.some((trace) => styled(moved.get(trace.uid)))) layout._modules.forEach((kind) => kind.style?.(gd));
  return true;
}

const styled = (arrays) => Object.keys(arrays).some((path) => path.includes("."));

/** Put arrays into a trace; false where the trace thereby appears or vanishes, which changes the whole figure. */
function take(trace, arrays) {
  for (const [path, array] of Object.entries(arrays)) {
    assign(trace, path, array);
    assign(trace._input, path, array);
  }
  if (trace.visible === "legendonly") return true;
  const empty = ["x", "y", "z"].some((key) => trace._input[key]?.length === 0);
  if (empty || trace.visible === false) return empty && trace.visible === false;
  if (trace.x && trace.y) trace._length = Math.min(trace.x.length, trace.y.length);
  return true;
}

function assign(holder, path, value) {
  const steps = path.split(".");
  for (const step of steps.slice(0, -1)) holder = holder[step] ??= {};
  holder[steps.at(-1)] = value;
}

function calculate(gd, trace) {
  const points = trace._module.calc(gd, trace);
  points[0].t ??= {};
  points[0].trace = trace;
  gd.calcdata[trace.index] = points;
}

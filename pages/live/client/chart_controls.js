/** What a person chooses in the head of a chart: logarithmic axes and smoothing. It is kept by the chart's name, also
 * when the page is loaded again. */
import { element } from "./dom.js";
import { recalled, remember } from "./remembered.js";
import { sinceStep } from "./since.js";
import { smoothLines } from "./smooth.js";

/** @import { Arrays, ChartRow, Figure } from "./types.js" */
/** @typedef {{ y?: boolean, x?: boolean, smooth?: number }} Chosen */

/** More steps to average over, by what the choice says. @type {[number, string][]} */
const SMOOTH = [[0, "smooth"], [50, "smooth 50"], [200, "smooth 200"], [1000, "smooth 1,000"], [5000, "smooth 5,000"]];

/** The controls of a chart that is drawn by `drawn`, the `draw` that heeds them, and `zoom(step)`: from which step on a
 * chart over steps is drawn, null for all.
 * @param {ChartRow} chart
 * @param {Figure} drawn
 * @returns {{ nodes: HTMLElement[], draw: (arrays: Arrays) => void, zoom: (step: number | null) => void }}
 */
export function chartControls(chart, drawn) {
  const { meta, yaxis } = chart.figure.layout;
  const chosen = /** @type {Chosen} */ ({ .../** @type {object} */ (recalled(chart.name)) });
  /** @type {number | null} */
  let from = null;
  /** The last arrays of each key, as they came. @type {Arrays} */
  let last = {};

  /** @param {Arrays} arrays */
  function draw(arrays) {
    if (!meta?.smooth && !meta?.steps) return drawn.draw(arrays);
    last = { ...last, ...arrays };
    drawn.draw(seen(arrays));
  }

  /** @param {Arrays} arrays */
  const seen = (arrays) => sinceStep(smoothLines(arrays, meta?.smooth ?? [], chosen.smooth ?? 0), from);

  /** @param {number | null} step */
  function zoom(step) {
    if (!meta?.steps || step === from) return;
    const began = (from === null) !== (step === null);
    from = step;
    if (began) drawn.setAxes("x", { rangemode: step === null ? "tozero" : "normal" });
    drawn.draw(seen(last));
  }

  /** @type {(axis: "x" | "y", text: string, title: string, first: boolean) => HTMLButtonElement} */
  function logButton(axis, text, title, first) {
    const node = element("button", { type: "button", class: "panda-log", text, title, "aria-pressed": String(first),
      on: { click: () => press(!chosen[axis]) } });
    /** @param {boolean} on */
    function press(on) {
      chosen[axis] = on;
      remember(chart.name, chosen);
      node.setAttribute("aria-pressed", String(on));
      drawn.setAxes(axis, { type: on ? "log" : "linear" });
    }
    const wanted = chosen[axis] ?? first;
    chosen[axis] = first;
    if (wanted !== first) press(wanted);
    return node;
  }

  function smoothChoice() {
    const node = element("select", {
      class: "panda-smooth", title: "Average the mini-batches' loss over so many steps more", "aria-label": "Smoothing",
      on: { change: () => {
        chosen.smooth = Number(node.value);
        remember(chart.name, chosen);
        drawn.draw(seen(last));
      } },
    }, ...SMOOTH.map(([value, text]) => element("option", { value, text })));
    node.value = String(chosen.smooth ?? 0);
    return node;
  }

  const nodes = [
    meta?.smooth && smoothChoice(),
    meta?.steps && logButton("x", "log steps", "Logarithmic axis of steps", false),
    meta?.log && logButton("y", "log", "Logarithmic scale", yaxis?.type === "log"),
  ];
  return { nodes: nodes.flatMap((node) => node || []), draw, zoom };
}

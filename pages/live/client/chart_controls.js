/** What a person chooses in the head of a chart: logarithmic axes and smoothing. It is kept by the chart's name. */
import { element } from "./dom.js";
import { smoothLines } from "./smooth.js";

/** @import { Arrays, ChartRow, Figure } from "./types.js" */
/** @typedef {{ y?: boolean, x?: boolean, smooth?: number }} Chosen */

/** More steps to average over, by what the choice says. @type {[number, string][]} */
const SMOOTH = [[0, "smooth"], [50, "smooth 50"], [200, "smooth 200"], [1000, "smooth 1,000"], [5000, "smooth 5,000"]];

/** @type {Map<string, Chosen>} */
const kept = new Map();

/** The controls of a chart that is drawn by `drawn`, and the `draw` that heeds them.
 * @param {ChartRow} chart
 * @param {Figure} drawn
 * @returns {{ nodes: HTMLElement[], draw: (arrays: Arrays) => void }}
 */
export function chartControls(chart, drawn) {
  const { meta, yaxis } = chart.figure.layout;
  const chosen = kept.get(chart.name) ?? {};
  kept.set(chart.name, chosen);
  /** The last arrays of each key, as they came. @type {Arrays} */
  let last = {};

  /** @param {Arrays} arrays */
  function draw(arrays) {
    if (!meta?.smooth) return drawn.draw(arrays);
    last = { ...last, ...arrays };
    drawn.draw(smoothLines(arrays, meta.smooth, chosen.smooth ?? 0));
  }

  /** @type {(axis: "x" | "y", text: string, title: string, first: boolean) => HTMLButtonElement} */
  function logButton(axis, text, title, first) {
    const node = element("button", { type: "button", class: "panda-log", text, title, "aria-pressed": String(first),
      on: { click: () => press(!chosen[axis]) } });
    /** @param {boolean} on */
    function press(on) {
      chosen[axis] = on;
      node.setAttribute("aria-pressed", String(on));
      drawn.setLog(axis, on);
    }
    const wanted = chosen[axis] ?? first;
    chosen[axis] = first;
    if (wanted !== first) press(wanted);
    return node;
  }

  /** @param {string[]} uids */
  function smoothChoice(uids) {
    const node = element("select", {
      class: "panda-smooth", title: "Average the mini-batches' loss over so many steps more", "aria-label": "Smoothing",
      on: { change: () => {
        chosen.smooth = Number(node.value);
        drawn.draw(smoothLines(last, uids, chosen.smooth));
      } },
    }, ...SMOOTH.map(([value, text]) => element("option", { value, text })));
    node.value = String(chosen.smooth ?? 0);
    return node;
  }

  const nodes = [
    meta?.smooth && smoothChoice(meta.smooth),
    meta?.steps && logButton("x", "log steps", "Logarithmic axis of steps", false),
    meta?.log && logButton("y", "log", "Logarithmic scale", yaxis?.type === "log"),
  ];
  return { nodes: nodes.flatMap((node) => node || []), draw };
}

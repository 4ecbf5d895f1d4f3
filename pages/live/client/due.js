/** Which charts come in the next frame. */

/** @import { WantedChart } from "./types.js" */

/** The names of the charts of frame number `turn`. While a run trains, a chart with every = 2 comes in every second
 * frame, and such charts take turns, so that no frame carries all the costly ones; a chart that is not visible or not
 * due comes only if it is not in `drawn`. A run at rest shows all.
 * @param {WantedChart[]} wanted - of several with one name the last counts
 * @param {number} turn
 * @param {boolean} playing
 * @param {{ has(name: string): boolean }} drawn
 */
export function due(wanted, turn, playing, drawn) {
  const charts = [...new Map(wanted.map((chart) => [chart.name, chart])).values()];
  if (!playing) return charts.map((chart) => chart.name);
  /** How many charts with the same `every` came before. @type {Record<number, number>} */
  const rank = {};
  return charts.filter((chart) => {
    const every = chart.every || 1;
    rank[every] = (rank[every] ?? -1) + 1;
    return (chart.visible && (turn + rank[every]) % every === 0) || !drawn.has(chart.name);
  }).map((chart) => chart.name);
}

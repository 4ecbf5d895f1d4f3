/** The page's theme as plotly needs it: colours, font and how much larger charts are, read from CSS variables. */
import { enlargedLayout } from "./enlarge.js";

/** @import { Layout, Theme } from "./types.js" */

/** The theme at `node`, as CSS values.
 * @param {Element} node
 * @returns {Theme}
 */
export function themeAt(node) {
  const style = getComputedStyle(node);
  /** @type {(name: string, fallback: string) => string} */
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const text = read("--st-text-color", "#31333F");
  return {
    text,
    grid: faint(text, 0.11),
    line: faint(text, 0.28),
    background: read("--st-background-color", "#ffffff"),
    font: read("--st-font", "sans-serif"),
    scale: Number(read("--panda-scale", "1")),
  };
}

/** A colour at some opacity, as plotly reads it (it does not know color-mix).
 * @param {string} colour
 * @param {number} opacity
 */
function faint(colour, opacity) {
  const probe = document.createElement("canvas").getContext("2d");
  if (!probe) return colour;
  probe.fillStyle = colour;
  const hex = probe.fillStyle;
  if (!hex.startsWith("#")) return colour;
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${opacity})`;
}

const AXIS = /^[xy]axis\d*$/;

/** A layout in the colours, font and scale of the theme; what the chart chose itself stays.
 * @param {Layout} layout
 * @param {Theme} theme
 */
export function dressed(layout, theme) {
  /** @type {Layout} */
  const next = { ...layout };
  next.paper_bgcolor = next.plot_bgcolor = "rgba(0,0,0,0)";
  next.font = { size: 11, ...layout.font, family: theme.font, color: theme.text };
  const font = { color: theme.text, family: theme.font };
  next.hoverlabel = { bgcolor: theme.background, bordercolor: theme.line, font };
  next.legend = { bgcolor: "rgba(0,0,0,0)", ...layout.legend };
  next.modebar = { bgcolor: "rgba(0,0,0,0)", color: theme.line, activecolor: theme.text };
  const lines = { gridcolor: theme.grid, linecolor: theme.line, zerolinecolor: theme.line, tickcolor: theme.line };
  for (const key of Object.keys(layout).filter((name) => AXIS.test(name))) {
    next[key] = { .../** @type {object} */ (layout[key]), ...lines };
  }
  return enlargedLayout(next, theme.scale);
}

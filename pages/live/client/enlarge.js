/** Charts drawn larger, so that a whole room can read them: text, lines, marks and margins grow by one factor. */

/** @import { Layout, LayoutAxis, Trace } from "./types.js" */
/** @typedef {{ size?: number, [attribute: string]: unknown }} Font */
/** @typedef {{ width?: number, [attribute: string]: unknown }} Stroke */
/** @typedef {{ size?: unknown, line?: Stroke, [attribute: string]: unknown }} Marker */
/** @typedef {{ text?: string, standoff?: number, font?: Font }} Title */
/** @typedef {{ font?: Font, xshift?: number, yshift?: number }} Annotation */

export const LEAST_TEXT = 20; // px, from the scale on that makes the common text as large
export const LEAST_LINE = 3; // px, from that scale on
const SMALLER = 0.75; // plotly writes digits between powers of ten that much smaller than the axis' other labels
const [TEXT, HOVER, LINE, MARK] = [11, 13, 2, 6]; // what plotly or the charts take where nothing is said
const AXIS = /^[xy]axis\d*$/;

/** A least size at a scale: no small text or thin line is further below it than the common text is.
 * @type {(size: number, scale: number) => number} */
const least = (size, scale) => size * Math.min(1, (scale * TEXT) / LEAST_TEXT);

/** @type {(size: number | undefined, scale: number) => number} */
const text = (size, scale) => Math.max(least(LEAST_TEXT, scale), (size ?? TEXT) * scale);

/** A line that is not drawn stays so. @type {(width: number | undefined, scale: number) => number} */
const line = (width, scale) => (width === 0 ? 0 : Math.max(least(LEAST_LINE, scale), (width ?? LINE) * scale));

/** A layout by a factor; as it is at 1.
 * @param {Layout} layout
 * @param {number} scale
 * @returns {Layout}
 */
export function enlargedLayout(layout, scale) {
  if (scale === 1) return layout;
  /** @type {Layout} */
  const next = { ...layout, ...fonts(layout, scale), margin: times(layout.margin, scale) };
  const notes = /** @type {Annotation[] | undefined} */ (layout.annotations) ?? [];
  next.annotations = notes.map((note) => annotation(note, scale));
  for (const key of Object.keys(layout).filter((name) => AXIS.test(name))) {
    next[key] = axis(/** @type {LayoutAxis} */ (layout[key]), scale);
  }
  return next;
}

/** @type {(layout: Layout, scale: number) => { font: Font, hoverlabel: object }} */
function fonts({ font, hoverlabel }, scale) {
  const label = /** @type {{ font?: Font } | undefined} */ (hoverlabel);
  const hover = { ...label?.font, size: text(label?.font?.size ?? HOVER, scale) };
  return { font: grown(/** @type {Font} */ (font ?? {}), scale), hoverlabel: { ...label, font: hover } };
}

/** @type {(font: Font, scale: number) => Font} */
const grown = (font, scale) => ({ ...font, size: text(font.size, scale) });

/** @type {(sides: unknown, scale: number) => Record<string, number>} */
function times(sides, scale) {
  const known = /** @type {Record<string, number>} */ (sides ?? {});
  return Object.fromEntries(Object.entries(known).map(([side, px]) => [side, px * scale]));
}

/** @type {(note: Annotation, scale: number) => Annotation} */
function annotation(note, scale) {
  const shifts = { xshift: (note.xshift ?? 0) * scale, yshift: (note.yshift ?? 0) * scale };
  return { ...note, ...shifts, ...(note.font && { font: grown(note.font, scale) }) };
}

/** @type {(axis: LayoutAxis, scale: number) => LayoutAxis} */
function axis(before, scale) {
  const [title, ticks] = [/** @type {Title | undefined} */ (before.title), /** @type {Font} */ (before.tickfont ?? {})];
  const smallest = least(LEAST_TEXT, scale) / (before.type === "log" ? SMALLER : 1);
  const next = { ...before, tickfont: { ...ticks, size: Math.max(smallest, text(ticks.size, scale)) } };
  if (!title) return next;
  return { ...next, title: { ...title, standoff: (title.standoff ?? 0) * scale, font: grown(title.font ?? {}, scale) } };
}

/** A trace by a factor; a copy at 1. Sizes that a frame brings are not known here and stay.
 * @param {Trace} trace
 * @param {number} scale
 * @returns {Trace}
 */
export function enlargedTrace(trace, scale) {
  const next = { ...trace };
  if (scale === 1) return next;
  if (trace.textfont) next.textfont = grown(/** @type {Font} */ (trace.textfont), scale);
  if ((trace.type ?? "scatter") === "scatter") {
    const stroke = /** @type {Stroke | undefined} */ (trace.line);
    next.line = { ...stroke, width: line(stroke?.width, scale) };
    next.marker = marker(/** @type {Marker | undefined} */ (trace.marker) ?? {}, scale);
  }
  return next;
}

/** @type {(marker: Marker, scale: number) => Marker} */
function marker(before, scale) {
  const { size = MARK, line: outline } = before;
  const next = { ...before, size: typeof size === "number" ? size * scale : size };
  if (outline?.width) next.line = { ...outline, width: outline.width * scale };
  return next;
}

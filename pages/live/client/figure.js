/** One live plotly figure: its skeleton is drawn once, then each frame brings arrays.
 *
 * Most frames redraw only the traces that moved. The whole figure is drawn where an axis no longer fits, at most
 * about twice a second and one figure a frame, and once more when the run comes to rest.
 */
import { put } from "./attributes.js";
import { brush } from "./brush.js";
import { enlargedTrace } from "./enlarge.js";
import { picture } from "./picture.js";
import { axisOf, extents, misfit, roomFor, shares } from "./ranges.js";
import { redraw } from "./redraw.js";
import { dressed } from "./theme.js";

/** @import { Acts, Arrays, Drawn, Figure, Image, Layout, LayoutAxis, PlotElement, Plotly, Skeleton, Theme } from "./types.js" */

const CONFIG = { displaylogo: false, doubleClick: "reset", displayModeBar: "hover", showTips: false,
  showSendToCloud: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "zoomIn2d", "zoomOut2d", "autoScale2d"] };
const NO_ROOM = "(pointer: coarse), (max-width: 500px)"; // where the buttons would lie over the legend
const CALM = 500; // ms between two whole drawings of one figure
const APART = 25; // ms between the whole drawings of any two figures
const REST = 350; // ms without a frame after which the figure is drawn once more, or this many
const GAPS = 3; // times the time between two frames, where that is longer
const PAUSE = 1000; // ms between two frames of a run that does not play

let anyWhole = 0; // when any figure was last drawn whole

/** A figure in `area`: `draw(arrays)`, `dress(theme)`, `resize()`, `setAxes(way, some)`, `purge()`. Where a trace
 * has customdata, a click on a point hands its number to `pick`; where the figure has a brush, `select` gets what is
 * selected (see brush.js).
 * @param {HTMLElement} area
 * @param {Skeleton} figure
 * @param {Promise<Plotly>} loading
 * @param {Theme} theme
 * @param {string[]} palette
 * @param {Acts} acts
 * @returns {Figure}
 */
export function plot(area, figure, loading, theme, palette, { pick, select }) {
  const gd = /** @type {PlotElement} */ (document.createElement("div"));
  gd.className = "panda-figure";
  gd.ariaHidden = "true"; // its words for a screen reader are those of the area
  area.append(gd);
  const traces = new Map(figure.data.map((trace) => [trace.uid, { ...trace }]));
  let plain = touch() ? { dragmode: false, ...figure.layout } : figure.layout; // without the theme
  let layout = dressed(plain, theme);
  /** @type {Plotly | null} */
  let Plotly = null;
  /** @type {ReturnType<typeof picture> | null} */
  let under = null;
  /** @type {ReturnType<typeof brush> | null} */
  let brushed = null;
  /** Arrays that are not drawn yet, by uid. @type {Map<string, Arrays>} */
  let moved = new Map();
  /** @type {ReturnType<typeof extents>} */
  let drawnExtents = {};
  /** @type {ReturnType<typeof shares>} */
  let filled = {};
  let lastWhole = 0;
  let revision = 0;
  let fast = true;
  let resting = 0;
  let lastDraw = 0;

  loading.then((loaded) => {
    if (!gd.isConnected) return;
    Plotly = loaded;
    if (figure.layout.meta?.brush) brushed = brush(area, gd, figure.layout.meta.brush, select);
    whole();
    gd.on("plotly_relayout", align);
    gd.on("plotly_relayouting", align);
    gd.on("plotly_click", ({ points }) => {
      const chosen = points.find((point) => point.customdata !== undefined);
      if (chosen?.customdata !== undefined && !brushed?.dragged()) pick(chosen.customdata);
    });
  }).catch((error) => { area.textContent = error.message; });

  function align() {
    if (!isDrawn(gd)) return;
    under?.place(gd);
    brushed?.place();
  }

  /** @param {string} key - of an axis */
  const isLog = (key) => isDrawn(gd) && axisOf(gd._fullLayout, key).type === "log";

  /** @param {Arrays} arrays */
  function draw(arrays) {
    for (const [key, value] of Object.entries(arrays)) {
      if (key === "image") paint(/** @type {Image} */ (value));
      else note(key, value);
    }
    if (!Plotly) return;
    if (moved.size) show();
    const now = performance.now();
    clearTimeout(resting);
    const gap = now - lastDraw;
    resting = setTimeout(rest, gap < PAUSE ? Math.max(REST, GAPS * gap) : REST);
    lastDraw = now;
  }

  /** Keep an array for the next drawing, unless it is drawn already.
   * @param {string} key
   * @param {Arrays[string]} value */
  function note(key, value) {
    const dot = key.indexOf(".");
    const [uid, path] = [key.slice(0, dot), key.slice(dot + 1)];
    const trace = traces.get(uid);
    if (!trace || !put(trace, path, value)) return;
    const news = moved.get(uid) ?? {};
    news[path] = value;
    moved.set(uid, news);
  }

  function show() {
    if (isDrawn(gd) && fast && quick(gd)) {
      const need = misfit(gd, extents(gd), filled);
      const now = performance.now();
      const due = need === 2 || (need === 1 && now - lastWhole > CALM);
      if (due && now - anyWhole > APART) whole();
    } else whole();
  }

  /** Draw only what moved; false where that is not possible. @param {Drawn} gd */
  function quick(gd) {
    try {
      const done = redraw(gd, moved);
      if (done) moved = new Map();
      return done;
    } catch (error) {
      console.warn("This chart is drawn whole from now on:", error);
      fast = false;
      return false;
    }
  }

  function whole() {
    if (!Plotly) return;
    clearTimeout(resting);
    moved = new Map();
    revision += 1;
    const now = isDrawn(gd) ? extents(gd) : {};
    const fitted = { ...roomFor(copied(layout), drawnExtents, now, isLog), datarevision: revision };
    drawnExtents = now;
    Plotly.react(gd, [...traces.values()].map((trace) => enlargedTrace(trace, theme.scale)), fitted, config());
    if (isDrawn(gd)) filled = shares(gd, extents(gd));
    if (isDrawn(gd)) gd.style.setProperty("--panda-plot-top", `${gd._fullLayout._size.t}px`);
    /** @type {NodeListOf<HTMLElement>} */
    const buttons = gd.querySelectorAll(".modebar-btn");
    buttons.forEach((button) => { button.tabIndex = -1; }); // what is hidden from a screen reader has no tab stops
    lastWhole = anyWhole = performance.now();
    align();
  }

  /** A paused run needs no spare room on its axes. */
  function rest() {
    drawnExtents = {};
    whole();
  }

  /** @param {Image} image */
  function paint(image) {
    if (!under) {
      under = picture(palette);
      area.prepend(under.frame);
    }
    under.draw(image);
    align();
  }

  /** @param {Theme} next */
  function dress(next) {
    if (JSON.stringify(next) === JSON.stringify(theme)) return;
    theme = next;
    layout = dressed(plain, theme);
    drawnExtents = {};
    whole();
  }

  function resize() {
    if (!Plotly || !gd._fullLayout || !gd.clientWidth || !gd.clientHeight) return;
    if (gd.clientWidth === gd._fullLayout.width && gd.clientHeight === gd._fullLayout.height) return;
    Plotly.Plots.resize(gd);
    align();
  }

  /** Set attributes of the axis of values, or of all axes of steps.
   * @param {"x" | "y"} way
   * @param {LayoutAxis} some */
  function setAxes(way, some) {
    const keys = way === "y" ? ["yaxis"] : Object.keys(plain).filter((key) => key.startsWith("xaxis"));
    const axes = keys.map((key) => [key, { .../** @type {LayoutAxis} */ (plain[key]), ...some }]);
    plain = { ...plain, ...Object.fromEntries(axes) };
    layout = dressed(plain, theme);
    drawnExtents = {}; // they are in the units of the old scale
    whole();
    drawnExtents = {};
  }

  function purge() {
    clearTimeout(resting);
    Plotly?.purge(gd);
    Plotly = null;
  }

  return { draw, dress, resize, setAxes, purge };
}

/**
 * @param {PlotElement} gd
 * @returns {gd is Drawn}
 */
const isDrawn = (gd) => Boolean(gd._fullLayout);

/** Whether fingers point here: they scroll the page over a chart. */
const touch = () => matchMedia("(pointer: coarse)").matches;

const config = () => (matchMedia(NO_ROOM).matches ? { ...CONFIG, displayModeBar: false } : CONFIG);

/** A layout whose axes are objects of their own, because plotly writes the ranges it finds into them.
 * @param {Layout} layout
 * @returns {Layout}
 */
function copied(layout) {
  /** @type {(entry: [string, unknown]) => [string, unknown]} */
  const own = ([key, value]) => [key, /^[xy]axis/.test(key) ? { .../** @type {object} */ (value) } : value];
  return Object.fromEntries(Object.entries(layout).map(own));
}

/** A live picture of a network. Pointing at a unit or a line shows its numbers. */
import { element } from "./dom.js";
import { shown } from "./format.js";
import { UNSEEN, paintNetwork, plain } from "./network_paint.js";
import { found, places } from "./network_places.js";
import { tiles } from "./network_tiles.js";
import { tip } from "./network_tip.js";

/** @import { Arrays, Figure, Network, NetworkMeta, Skeleton, Theme } from "./types.js" */
/** @import { Found, Places } from "./network_places.js" */

/** A picture in `area`, as a figure whose arrays are {network: ...}, see core/charts/network.py.
 * @type {(area: HTMLElement, figure: Skeleton, meta: NetworkMeta, theme: Theme, palette: string[]) => Figure} */
export function network(area, figure, meta, theme, palette) {
  const margin = /** @type {{ l: number, r: number }} */ (figure.layout.margin);
  const canvas = element("canvas", { class: "panda-network", on: { pointermove: point, pointerdown: point,
    pointerleave: leave } });
  const said = tip();
  area.append(canvas, said.node);
  const paint = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const pictures = tiles(meta, palette);
  /** @type {Network | null} */
  let now = null;
  /** @type {Places | null} */
  let at = null; // in units of theme.scale px, so that all grows by one factor
  /** Each weight over the largest of its layer. @type {Float32Array} */
  let shares = new Float32Array(0);
  let drawnScale = 1;
  /** @type {Found | null} */
  let pointed = null;
  const watch = new ResizeObserver(resize);
  watch.observe(area);

  /** @param {Arrays} arrays */
  function draw(arrays) {
    now = /** @type {Network} */ (arrays.network);
    pictures.fill(now);
    shares = relative(now.weights, meta);
    redraw();
  }

  function redraw() {
    if (!now || !at) return;
    paint.clearRect(0, 0, canvas.width, canvas.height);
    paintNetwork(paint, { meta, theme, at, now, shares, pointed, pictures });
    tell(at, now);
  }

  /** Give the canvas the size of its place. Not in every frame: to ask for a size makes the browser lay out the page. */
  function fit() {
    const { clientWidth: width, clientHeight: height } = area;
    const { scale } = theme;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (!wide || !high || (at && canvas.width === wide && canvas.height === high && scale === drawnScale)) return;
    drawnScale = scale;
    Object.assign(canvas, { width: wide, height: high });
    paint.setTransform(ratio * scale, 0, 0, ratio * scale, 0, 0);
    at = places(meta.columns, width / scale, height / scale, margin.l, margin.r);
  }

  function resize() {
    fit();
    redraw();
  }

  /** Show the numbers of what is pointed at. @type {(at: Places, now: Network) => void} */
  function tell({ units, lines }, { words, weights }) {
    if (!pointed) return said.hide();
    if ("unit" in pointed) {
      const { unit } = pointed;
      const paintLarge = (/** @type {CanvasRenderingContext2D} */ large, /** @type {number} */ side) =>
        pictures.draw(large, unit, 0, 0, side);
      return said.show(area, pixels(units[unit]), plain(words[unit]), paintLarge);
    }
    const { from, to, column } = lines[pointed.line];
    const [start, end] = [from, to].map((n) => plain(words[n]).split("\n")[0]);
    const kind = meta.pixels && column === 1 ? "norm of the weights" : "weight";
    const middle = { x: (units[from].x + units[to].x) / 2, y: (units[from].y + units[to].y) / 2 };
    return said.show(area, pixels(middle), `${start} to ${end}\n${kind} ${shown(weights[pointed.line])}`);
  }

  /** @type {(place: { x: number, y: number }) => { x: number, y: number }} */
  const pixels = ({ x, y }) => ({ x: x * drawnScale, y: y * drawnScale });

  /** @param {PointerEvent} event */
  function point({ offsetX, offsetY }) {
    if (!at) return;
    pointed = found(at, offsetX / drawnScale, offsetY / drawnScale, (i) => Math.abs(shares[i]) >= UNSEEN);
    redraw();
  }

  function leave() {
    pointed = null;
    redraw();
  }

  /** @param {Theme} next */
  function dress(next) {
    theme = next;
    resize();
  }

  function purge() {
    watch.disconnect();
    canvas.remove();
    said.node.remove();
  }

  return { draw, dress, resize, setAxes() {}, purge };
}

/** Weights over the largest of those between the same columns, 0 for what is not a number.
 * @type {(weights: ArrayLike<number>, meta: NetworkMeta) => Float32Array} */
export function relative(weights, { columns }) {
  const shares = Float32Array.from(weights, (weight) => (Number.isFinite(weight) ? weight : 0));
  let first = 0;
  for (let column = 1; column < columns.length; column += 1) {
    const end = first + columns[column - 1].shown * columns[column].shown;
    const part = shares.subarray(first, end);
    const largest = part.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    if (largest) part.forEach((weight, i) => { part[i] = weight / largest; });
    first = end;
  }
  return shares;
}

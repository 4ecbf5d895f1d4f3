/** Painting a network on a canvas: lines, units, words, and a key. */

/** @import { Network, NetworkMeta, Theme } from "./types.js" */
/** @import { Found, Line, Places } from "./network_places.js" */
/** @import { Tiles } from "./network_tiles.js" */
/** @typedef {CanvasRenderingContext2D} Paint */
/** All that is painted; `shares` has each weight over the largest of its layer.
 * @typedef {{ meta: NetworkMeta, theme: Theme, at: Places, now: Network, shares: Float32Array, pointed: Found | null,
 *   pictures: Tiles }} Scene */

const [BLUE, ORANGE, VERMILLION, GREY] = ["#0072B2", "#E69F00", "#D55E00", "#8C8C8C"]; // of core/charts/palette.py
const [DEAD, SATURATED] = [1, 2]; // marks, as in core/charts/network_units.py
const DASH = [5, 3]; // of negative weights
const [THIN, WIDER] = [0.4, 3.2]; // px, of the smallest weight of a layer, and what the largest has more
const [FAINT, STRONGER] = [0.15, 0.7]; // opacity, likewise
export const UNSEEN = 0.03; // share of a layer's largest weight below which a line is neither drawn nor pointed at
const APART = 0.15; // opacity, as a share, of lines that what is pointed at does not concern
const ROOMY = 58; // px from column to column that whole words need
const SPACE = 12; // px between two entries of the key

/** @type {(paint: Paint, scene: Scene) => void} */
export function paintNetwork(paint, scene) {
  paint.lineCap = "butt"; // round ends cost a quarter more
  for (const negative of [false, true]) {
    paint.setLineDash(negative ? DASH : []); // once, because it costs as much as a line
    scene.at.lines.forEach((line, i) => { if (scene.shares[i] < 0 === negative) paintLine(paint, scene, line, i); });
  }
  paint.setLineDash([]);
  paint.globalAlpha = 1;
  scene.at.units.forEach((_, n) => paintUnit(paint, scene, n));
  Object.assign(paint, { fillStyle: scene.theme.text, font: `11px ${scene.theme.font}`, textBaseline: "middle" });
  paintHeads(paint, scene);
  paintNames(paint, scene);
  paintKey(paint, scene);
}

/** @type {(paint: Paint, scene: Scene, line: Line, i: number) => void} */
function paintLine(paint, { meta, at: { units }, shares, pointed }, { from, to, column }, i) {
  const share = Math.abs(shares[i]);
  if (share < UNSEEN) return;
  const norm = meta.pixels && column === 1; // it has no sign
  const concerns = !pointed || ("unit" in pointed ? pointed.unit === from || pointed.unit === to : pointed.line === i);
  paint.globalAlpha = (norm ? 2 * FAINT : FAINT + STRONGER * share) * (concerns ? 1 : APART);
  paint.strokeStyle = norm ? GREY : shares[i] < 0 ? ORANGE : BLUE;
  paint.lineWidth = THIN + WIDER * share;
  const [start, end] = [units[from], units[to]];
  const [x0, y0, x1, y1] = [start.x + start.half, start.y, end.x - end.half, end.y];
  const third = (x1 - x0) / 3;
  paint.beginPath();
  paint.moveTo(x0, y0);
  paint.bezierCurveTo(x0 + third, y0, x1 - third, y1, x1, y1);
  paint.stroke();
}

/** @type {(paint: Paint, scene: Scene, n: number) => void} */
function paintUnit(paint, { theme, at: { units }, now: { marks }, pointed, pictures }, n) {
  const { x, y, half } = units[n];
  const isPointed = pointed && "unit" in pointed && pointed.unit === n;
  pictures.draw(paint, n, x - half, y - half, 2 * half);
  const [ink, width] = marks[n] === SATURATED ? [VERMILLION, 3] : isPointed ? [theme.text, 2] : [GREY, 1];
  box(paint, x, y, half, ink, width, marks[n] === DEAD);
}

/** A square around (x, y), crossed out or not.
 * @type {(paint: Paint, x: number, y: number, half: number, ink: string, width: number, crossed: boolean) => void} */
function box(paint, x, y, half, ink, width, crossed) {
  Object.assign(paint, { strokeStyle: ink, lineWidth: width });
  paint.strokeRect(x - half, y - half, 2 * half, 2 * half);
  if (!crossed) return;
  paint.beginPath();
  for (const side of [-half, half]) {
    paint.moveTo(x - half, y - side);
    paint.lineTo(x + half, y + side);
  }
  paint.stroke();
}

/** The columns' titles above, and below how many units each leaves out. @type {(paint: Paint, scene: Scene) => void} */
function paintHeads(paint, { meta, at: { units, pitch, top, bottom } }) {
  paint.textAlign = "center";
  const narrow = pitch < ROOMY;
  meta.columns.forEach(({ title, size, shown, ink }, column) => {
    const x = units[0].x + column * pitch;
    paint.fillText(narrow ? title.replace("layer ", "") : title, x, top / 2);
    const more = ink === "grey" ? 0 : size - shown; // the pixels are one picture
    if (more) paint.fillText(narrow ? `+${more}` : `+ ${more} more`, x, bottom + 10);
  });
}

/** The features' names on the left, and the classes' on the right. @type {(paint: Paint, scene: Scene) => void} */
function paintNames(paint, { meta, at: { units }, now }) {
  units.forEach(({ column, x, y, half }, n) => {
    const name = meta.columns[column].names?.[now.units[n]];
    if (!name) return;
    paint.textAlign = column ? "left" : "right";
    paint.fillText(plain(name), x + (column ? 1 : -1) * (half + 5), y);
  });
}

/** What lines and marks mean; marks only if a unit has them. @type {(paint: Paint, scene: Scene) => void} */
function paintKey(paint, { at: { height }, now: { marks } }) {
  const y = height - 8;
  paint.textAlign = "left";
  let x = lineKey(paint, 6, y, BLUE, [], "positive");
  x = lineKey(paint, x, y, ORANGE, DASH, "negative weight");
  x = boxKey(paint, x, y, DEAD, marks, "dead");
  boxKey(paint, x, y, SATURATED, marks, "saturated");
}

/** An entry of the key; returns where the next one begins.
 * @type {(paint: Paint, x: number, y: number, ink: string, dash: number[], text: string) => number} */
function lineKey(paint, x, y, ink, dash, text) {
  Object.assign(paint, { strokeStyle: ink, lineWidth: 2.5 });
  paint.setLineDash(dash);
  paint.beginPath();
  paint.moveTo(x, y);
  paint.lineTo(x + 18, y);
  paint.stroke();
  paint.setLineDash([]);
  paint.fillText(text, x + 23, y);
  return x + 23 + paint.measureText(text).width + SPACE;
}

/** The same for a mark, if a unit has it.
 * @type {(paint: Paint, x: number, y: number, mark: number, marks: ArrayLike<number>, text: string) => number} */
function boxKey(paint, x, y, mark, marks, text) {
  const count = Array.from(marks).filter((one) => one === mark).length;
  if (!count) return x;
  box(paint, x + 5, y, 5, mark === DEAD ? GREY : VERMILLION, mark === DEAD ? 1 : 2.5, mark === DEAD);
  const said = `${count} ${text}`;
  paint.fillText(said, x + 15, y);
  return x + 15 + paint.measureText(said).width + SPACE;
}

/** Words as they are on a canvas: plotly reads them as HTML. @param {string} text */
export const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

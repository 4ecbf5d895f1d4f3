/** Charts over steps from a step on: what lies before it is left out, so that the axes fit the rest. */

/** @import { Arrays } from "./types.js" */
/** @typedef {{ length: number, filter(keep: (value: unknown, i: number) => boolean): unknown }} Filtered */

const ARROW = "▲";
const SPACE = "\u00a0"; // between a label and its line

/** The arrays of a frame from `step` on; all of them where it is null.
 * @type {(arrays: Arrays, step: number | null) => Arrays} */
export function sinceStep(arrays, step) {
  if (step === null) return arrays;
  /** @type {Record<string, unknown>} */
  const news = {};
  for (const [key, value] of Object.entries(arrays)) {
    const x = /** @type {ArrayLike<number> | undefined} */ (arrays[`${uidOf(key)}.x`]);
    const list = /** @type {Filtered | null} */ (value);
    const belongs = x && list?.length === x.length && typeof list.filter === "function";
    news[key] = belongs ? list.filter((_, i) => !(x[i] < step)) : value;
  }
  return turned(/** @type {Arrays} */ (news), step);
}

/** @param {string} key */
const uidOf = (key) => key.slice(0, key.indexOf("."));

/** Labels point inwards: those of the left half lie to the right of their steps, the others to the left.
 * @type {(arrays: Arrays, step: number) => Arrays} */
function turned(arrays, step) {
  const middle = (step + lastStep(arrays)) / 2;
  for (const key of Object.keys(arrays).filter((one) => one.endsWith(".textposition"))) {
    const uid = uidOf(key);
    const right = Array.from(/** @type {ArrayLike<number>} */ (arrays[`${uid}.x`]), (at) => at <= middle);
    const texts = /** @type {string[]} */ (arrays[`${uid}.text`]);
    arrays[key] = right.map((one) => (one ? "middle right" : "middle left"));
    arrays[`${uid}.text`] = texts.map((text, i) => beside(text, right[i]));
  }
  return arrays;
}

/** @param {Arrays} arrays */
function lastStep(arrays) {
  const steps = Object.keys(arrays).filter((key) => key.endsWith(".x"))
    .flatMap((key) => Array.from(/** @type {ArrayLike<number>} */ (arrays[key])));
  return Math.max(...steps.filter(Number.isFinite));
}

/** @type {(text: string, right: boolean) => string} */
function beside(text, right) {
  const words = text.replace(ARROW, "").trim();
  const arrow = text.includes(ARROW) ? ARROW : "";
  return right ? `${SPACE}${arrow}${arrow && " "}${words}` : `${words}${arrow && " "}${arrow}${SPACE}`;
}

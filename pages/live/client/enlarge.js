/** Larger text, lines, markers and margins of a figure, for a screen that many look at. */

const SIZES = new Set(["size", "width", "standoff", "xshift", "yshift"]);

/** A copy of a layout or a trace with all sizes times `factor`. Data stay as they are: they are arrays of numbers.
 * @template {object} T
 * @param {T} whole
 * @param {number} factor
 * @returns {T}
 */
export function enlarged(whole, factor) {
  if (factor === 1) return whole;
  return /** @type {T} */ (larger(whole, factor, false));
}

/** @type {(value: unknown, factor: number, inMargin: boolean) => unknown} */
function larger(value, factor, inMargin) {
  if (Array.isArray(value)) {
    return value.every((one) => typeof one === "object") ? value.map((one) => larger(one, factor, false)) : value;
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
    const size = inMargin || SIZES.has(key);
    if (size && typeof inner === "number") return [key, inner * factor];
    return [key, larger(inner, factor, key === "margin")];
  }));
}

/** A setting's value against its place on its control: 0 at the left end, 1 at the right.
 *
 * The learning rate moves on a log scale (course C4), momentum's β on the log scale of 1 - β (C5), as in
 * core/settings/scales.py; the values here are also rounded to a few digits.
 */

/** @import { Scaled } from "./types.js" */
/** @typedef {(value: number, low: number, high: number) => number} Between */

/** @type {Between} */
const logBetween = (value, low, high) => Math.log(value / low) / Math.log(high / low);
/** @type {Between} */
const powerBetween = (place, low, high) => low * (high / low) ** place;
const NEAR_0 = 1e-5; // the scale log_from_0 is even in log(value + 1e-5)
/** @type {(value: number, digits: number) => number} */
const precise = (value, digits) => Number(value.toPrecision(digits));

/** @type {Record<Scaled["scale"], { place: Between, value: Between, tidy(value: number): number }>} */
const SCALES = {
  linear: {
    place: (v, low, high) => (v - low) / (high - low),
    value: (p, low, high) => low + p * (high - low),
    tidy: (v) => precise(v, 3),
  },
  log: { place: logBetween, value: powerBetween, tidy: (v) => precise(v, 3) },
  log_from_0: {
    place: (v, low, high) => logBetween(v + NEAR_0, low + NEAR_0, high + NEAR_0),
    value: (p, low, high) => powerBetween(p, low + NEAR_0, high + NEAR_0) - NEAR_0,
    tidy: (v) => precise(v, 3),
  },
  one_minus: {
    place: (v, low, high) => logBetween(1 - v, 1 - low, 1 - high),
    value: (p, low, high) => 1 - powerBetween(p, 1 - low, 1 - high),
    tidy: (v) => precise(1 - precise(1 - v, 2), 12),
  },
};

/** Where `value` is on the dial's scale, 0 to 1. @type {(dial: Scaled, value: number) => number} */
export function placeOf(dial, value) {
  const within = Math.min(dial.high, Math.max(dial.low, value));
  const place = SCALES[dial.scale].place(within, dial.low, dial.high);
  return Number.isFinite(place) ? Math.min(1, Math.max(0, place)) : 0;
}

/** The value at a place, rounded to few digits or to a whole number; the ends are exactly the range's ends.
 * @type {(dial: Scaled, place: number) => number} */
export function valueAt(dial, place) {
  if (place <= 0) return dial.low;
  if (place >= 1) return dial.high;
  const { value, tidy } = SCALES[dial.scale];
  const exact = value(place, dial.low, dial.high);
  const rounded = dial.integer ? Math.round(tidy(exact)) : tidy(exact);
  return Math.min(dial.high, Math.max(dial.low, rounded));
}

/** The value `steps` hundredths of the scale further; an integer moves by at least 1.
 * @type {(dial: Scaled, value: number, steps: number) => number} */
export function moved(dial, value, steps) {
  const next = valueAt(dial, placeOf(dial, value) + steps / 100);
  if (!dial.integer || Math.abs(next - value) >= 1) return next;
  return Math.min(dial.high, Math.max(dial.low, Math.round(value) + Math.sign(steps)));
}

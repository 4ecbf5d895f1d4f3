/** Numbers as text. What is not a number, such as a loss that is not known yet, is shown as a dash. */

const NOTHING = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @typedef {number | null | undefined} Maybe */

/**
 * @param {Maybe} value
 * @returns {value is number}
 */
const known = (value) => Number.isFinite(value);

/** A whole number with commas, such as "12,345". @type {(value: Maybe) => string} */
export const number = (value) => (known(value) ? whole.format(value) : NOTHING);

/** The same with up to three decimals. @type {(value: number) => string} */
export const grouped = (value) => value.toLocaleString("en");

/** A share from 0 to 1 as a percentage with one decimal. @type {(share: Maybe) => string} */
export const percent = (share) => (known(share) ? `${(100 * share).toFixed(1)} %` : NOTHING);

/** A loss with so many significant digits, but all digits before the point up to 1e12; powers of ten below a
 * thousandth.
 * @type {(value: Maybe, digits: number) => string} */
export function loss(value, digits) {
  if (!known(value)) return NOTHING;
  if ((value !== 0 && value < 1e-3) || value >= 1e12) return value.toExponential(2);
  return value >= 10 ** (digits - 1) ? number(value) : value.toPrecision(digits);
}

/** Steps a second: one decimal below 10. @type {(rate: Maybe) => string} */
export const perSecond = (rate) => (known(rate) && rate > 0 && rate < 10 ? rate.toFixed(1) : number(rate));

/** Time left: seconds up to a minute and a half, then minutes. @type {(seconds: Maybe) => string} */
export function timeLeft(seconds) {
  if (!known(seconds)) return NOTHING;
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

/** A setting's value: at most 6 significant digits, powers of ten below a ten-thousandth.
 * @type {(value: Maybe) => string} */
export function shown(value) {
  if (!known(value)) return NOTHING;
  const rounded = Number(value.toPrecision(6));
  if (value !== 0 && Math.abs(value) < 1e-4) return rounded.toExponential();
  return String(rounded);
}

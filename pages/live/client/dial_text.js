/** What a dial says, and how it reads what a person types. */
import { grouped, shown } from "./format.js";

/** @import { DialRow, Status } from "./types.js" */
/** What a typed value is read with. @typedef {Pick<DialRow, "label" | "low" | "high" | "integer">} Bounds */

/** The value of a typed text, or the sentence that says what is wrong with it.
 * @type {(row: Bounds, text: string) => number | string} */
export function read(row, text) {
  const value = text.trim() === "" ? NaN : Number(text.trim().replace(/^(\d+),(\d+)$/, row.integer ? "$1$2" : "$1.$2"));
  const whole = row.integer ? "a whole number from " : "";
  const fits = value >= row.low && value <= row.high && (!row.integer || Number.isInteger(value));
  if (fits) return value;
  const quoted = `'${text.trim()}'`;
  const shown = quoted.length > 40 ? `${quoted.slice(0, 39)}…` : quoted;
  return `${capital(row.label)} cannot be ${shown}: it takes ${whole}${rangeText(row)}.`;
}

/** A text with a capital letter. @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The range of a dial, such as "0.0001 to 10". @param {Bounds} row */
export const rangeText = (row) => [row.low, row.high].map(row.integer ? grouped : shown).join(" to ");

/** The line under a dial: the step from which its value counts, and what the value means.
 * @type {(row: DialRow, status: Status, value: number) => string} */
export function notes(row, status, value) {
  const since = status.since?.[row.name];
  const effective = row.name === "learning_rate" ? status.learning_rate ?? NaN : NaN;
  const idle = status.idle?.[row.name];
  const set = /** @type {number} */ (status.settings[row.name]);
  const decayed = Number.isFinite(effective) && shown(effective) !== shown(set);
  const averaged = row.averages && row.scale === "one_minus" ? Number((1 / (1 - value)).toPrecision(3)) : 0;
  return [
    since !== undefined && since !== null && `since step ${grouped(since)}`,
    idle,
    !idle && averaged && `averages about ${grouped(averaged)} step${averaged === 1 ? "" : "s"}`,
    decayed && `now ${shown(Number(effective.toPrecision(3)))} by its schedule`,
  ].filter(Boolean).join(" · ");
}

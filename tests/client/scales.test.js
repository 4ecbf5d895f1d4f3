/** Scales of the controls, against the same table as core/settings/scales.py. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { moved, placeOf, valueAt } from "../../pages/live/client/scales.js";
import { cases } from "./cases.js";

const { inside, outside } = cases("scales");
/** @import { Scaled } from "../../pages/live/client/types.js" */

/** @type {(a: number, b: number) => void} */
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
/** @type {Scaled} */
const log = { scale: "log", low: 1e-4, high: 1, integer: false };
/** @type {Scaled} */
const whole = { scale: "log", low: 1, high: 512, integer: true };

test("a place has the value of the table", () => {
  for (const one of inside) assert.equal(valueAt(one, one.place), one.value, JSON.stringify(one));
});

test("a value has Python's place", () => {
  for (const one of inside) near(placeOf(one, one.value), one.unit);
});

test("what is outside the range is at the nearer end", () => {
  for (const one of outside) assert.equal(placeOf(one, one.value), one.unit, JSON.stringify(one));
  assert.deepEqual([-1, 2].map((place) => valueAt(log, place)), [1e-4, 1]);
});

test("the ends are exact, also where they have more digits than other values", () => {
  /** @type {Scaled} */
  const odd = { scale: "linear", low: 0.1236, high: 0.9874, integer: false };
  assert.deepEqual([0, 0.25, 1].map((place) => valueAt(odd, place)), [0.1236, 0.34, 0.9874]);
});

test("a value that is no number is at the left end", () => {
  assert.equal(placeOf(log, NaN), 0);
});

test("a key moves by hundredths of the scale", () => {
  assert.equal(moved(log, 0.01, 25), 0.1);
  assert.equal(moved(log, 0.5, 100), 1);
  assert.equal(moved(log, 0.5, -100), 1e-4);
});

test("a whole number moves by at least one", () => {
  assert.equal(moved(whole, 1, 1), 2);
  assert.equal(moved(whole, 2, -1), 1);
  assert.equal(moved(whole, 2, 0.1), 3);
  assert.equal(moved(whole, 512, 1), 512);
  assert.equal(moved(whole, 1, -1), 1);
});

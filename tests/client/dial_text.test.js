/** What a dial says and reads; typed texts against the same table as `Field.parse` in core/settings/table.py. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { notes, rangeText, read } from "../../pages/live/client/dial_text.js";
import { cases } from "./cases.js";

/** @import { DialRow } from "../../pages/live/client/types.js" */

/** @type {(row: Partial<DialRow>) => DialRow} */
const dial = (row) => ({
  name: "", symbol: "", label: "", help: "", scale: "log", low: 0, high: 1, value: 0, integer: false, averages: false,
  ...row,
});
const beta = dial({ name: "beta1", label: "momentum β", scale: "one_minus", high: 0.9999, averages: true });
const alpha = dial({ name: "learning_rate", label: "learning rate", low: 1e-6, high: 10 });
const batch = dial({ name: "batch_size", label: "mini-batch size", low: 1, high: 50000, integer: true });

for (const one of cases("typed")) {
  test(`"${one.text}" for ${one.label}`, () => assert.equal(read(one, one.text), one.value ?? one.sentence));
}

test("a comma is a decimal point, or groups a whole number; spaces around do not count", () => {
  assert.equal(read(alpha, "0,5"), 0.5);
  assert.equal(read(batch, "1,024"), 1024);
  assert.equal(read(alpha, " 3e-4 "), 3e-4);
});

test("ranges", () => {
  assert.deepEqual([alpha, beta, batch].map(rangeText), ["1e-6 to 10", "0 to 0.9999", "1 to 50,000"]);
});

test("since when a value counts, and what it means", () => {
  const status = { settings: { beta1: 0.9 }, since: { beta1: 12345 } };
  assert.equal(notes(beta, status, 0.9), "since step 12,345 · averages about 10 steps");
  assert.equal(notes(beta, { settings: {} }, 0), "averages about 1 step");
  assert.equal(notes(beta, { settings: {} }, 0.2), "averages about 1.25 steps");
  assert.equal(notes(batch, { settings: {}, since: { batch_size: null } }, 64), "");
});

test("a setting without effect says why, and not what it means", () => {
  const status = { settings: {}, since: { beta1: 0 }, idle: { beta1: "no effect under SGD" } };
  assert.equal(notes(beta, status, 0.9), "since step 0 · no effect under SGD");
});

test("the learning rate says what decay has left of it", () => {
  /** @param {number | null | undefined} rate */
  const after = (rate) => notes(alpha, { settings: { learning_rate: 0.1 }, learning_rate: rate }, 0.1);
  assert.equal(after(0.0123456), "now 0.0123 by its schedule");
  assert.deepEqual([0.1, null, undefined].map(after), ["", "", ""]);
});

/** Numbers as text; settings and whole numbers against the same table as core/settings/table.py. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, loss, number, percent, perSecond, shown, timeLeft } from "../../pages/live/client/format.js";
import { cases } from "./cases.js";

const { settings, whole } = cases("numbers");

test("settings have the text of the table", () => {
  for (const { value, text } of settings) assert.equal(shown(value), text);
});

test("whole numbers have the text of the table", () => {
  for (const { value, text } of whole) assert.deepEqual([number(value), grouped(value)], [text, text]);
});

test("what is not known is a dash", () => {
  /** @param {number | null | undefined} value */
  const toThree = (value) => loss(value, 3);
  for (const say of [shown, number, percent, perSecond, timeLeft, toThree]) {
    assert.deepEqual([null, undefined, NaN, Infinity].map(say), ["–", "–", "–", "–"]);
  }
});

test("losses have so many significant digits, and small ones a power of ten", () => {
  const texts = [0.693147, 12.3456, 0.001, 0].map((value) => loss(value, 4));
  assert.deepEqual(texts, ["0.6931", "12.35", "0.001000", "0.000"]);
  assert.deepEqual([0.693147, 0.000999].map((value) => loss(value, 3)), ["0.693", "9.99e-4"]);
});

test("large losses keep their digits", () => {
  const texts = [99.96, 999.6, 3175.2, 1234567.8, 2e15].map((value) => loss(value, 3));
  assert.deepEqual(texts, ["100", "1,000", "3,175", "1,234,568", "2.00e+15"]);
});

test("shares, rates and times", () => {
  assert.deepEqual([0, 0.9785, 1].map(percent), ["0.0 %", "97.9 %", "100.0 %"]);
  assert.deepEqual([0, 0.25, 9.96, 10.4, 12345.6].map(perSecond), ["0", "0.3", "10.0", "10", "12,346"]);
  assert.deepEqual([0, 3.2, 89.5, 90, 130].map(timeLeft), ["0 s", "4 s", "90 s", "2 min", "3 min"]);
  assert.equal(grouped(1.25), "1.25");
});

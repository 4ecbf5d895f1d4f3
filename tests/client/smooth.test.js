/** Smoothing of lines in the browser. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { smoothed, smoothLines } from "../../pages/live/client/smooth.js";

test("a constant stays as it is from the first point on", () => {
  assert.deepEqual([...smoothed([1, 2, 30], [2, 2, 2], 50)], [2, 2, 2]);
});

test("each value has the weight of its steps", () => {
  const b = Math.exp(-1 / 10);
  const [first, second] = smoothed([1, 2], [1, 0], 10);
  assert.ok(first === 1 && Math.abs(second - b / (1 + b)) < 1e-6);
  const far = smoothed([1, 1000], [1, 0], 10)[1];
  assert.ok(far < 1e-6);
});

test("it makes noise smaller, and more steps make it smaller still", () => {
  const x = Array.from({ length: 400 }, (_, i) => i + 1);
  const y = x.map((i) => 1 + (i % 2 ? 0.5 : -0.5));
  /** @param {ArrayLike<number>} line */
  const jump = (line) => Math.abs(line[399] - line[398]);
  assert.ok(jump(smoothed(x, y, 50)) < jump(y) / 20);
  assert.ok(jump(smoothed(x, y, 200)) < jump(smoothed(x, y, 50)));
});

test("a gap stays a gap and leaves the rest alone", () => {
  const line = smoothed([1, 2, 3], [4, NaN, 4], 10);
  assert.ok(Number.isNaN(line[1]) && line[2] === 4);
});

test("only the named lines are smoothed", () => {
  const arrays = { "a.x": new Float32Array([1, 2]), "a.y": new Float32Array([1, 0]), "b.y": new Float32Array([1, 0]) };
  assert.equal(smoothLines(arrays, ["a", "none"], 0), arrays);
  const news = smoothLines(arrays, ["a", "none"], 100);
  assert.equal(news["b.y"], arrays["b.y"]);
  assert.ok(/** @type {Float32Array} */ (news["a.y"])[1] > 0.4);
});

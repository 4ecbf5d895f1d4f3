/** Sizes of a figure times a factor; data stay as they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { enlarged } from "../../pages/live/client/enlarge.js";

test("text, lines, markers and margins grow, data and ranges do not", () => {
  const layout = { font: { size: 11 }, margin: { l: 46, t: 8 }, xaxis: { range: [0, 1], title: { standoff: 2 }, nticks: 5 },
    annotations: [{ text: "size", yshift: 2, x: 1 }] };
  assert.deepEqual(enlarged(layout, 2), { font: { size: 22 }, margin: { l: 92, t: 16 },
    xaxis: { range: [0, 1], title: { standoff: 4 }, nticks: 5 }, annotations: [{ text: "size", yshift: 4, x: 1 }] });
  assert.equal(layout.font.size, 11);
  const x = new Float32Array([1, 2]);
  const trace = { uid: "a", x, y: [1, 2], line: { width: 2 }, marker: { size: [3, 4] }, l: 7 };
  const large = enlarged(trace, 3);
  assert.deepEqual(large, { uid: "a", x, y: [1, 2], line: { width: 6 }, marker: { size: [3, 4] }, l: 7 });
  assert.equal(large.x, x);
});

test("at 1 it is the same object", () => {
  const layout = { font: { size: 11 } };
  assert.equal(enlarged(layout, 1), layout);
});

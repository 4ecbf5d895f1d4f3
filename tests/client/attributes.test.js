/** Attributes by their path. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assign, put } from "../../pages/live/client/attributes.js";

test("assign makes what is missing on the way", () => {
  const marker = { size: 3 };
  const trace = { marker };
  assign(trace, "marker.color", [1]);
  assign(trace, "line.width", 2);
  assert.deepEqual(trace, { marker: { size: 3, color: [1] }, line: { width: 2 } });
  assert.equal(trace.marker, marker);
});

test("put leaves objects that others hold as they are", () => {
  const marker = { size: 3 };
  const trace = { marker };
  assert.equal(put(trace, "marker.color", [1]), true);
  assert.deepEqual(trace, { marker: { size: 3, color: [1] } });
  assert.deepEqual(marker, { size: 3 });
});

test("put says whether the content is another", () => {
  const trace = { x: Float32Array.of(1, NaN), z: [[1, 2], [3, 4]], text: "a" };
  const same = { x: Float32Array.of(1, NaN), z: [Int8Array.of(1, 2), [3, 4]], text: "a" };
  for (const [path, value] of Object.entries(same)) assert.equal(put(trace, path, value), false, path);
  const others = { x: Float32Array.of(1, 2), z: [[1, 2], [3, 5]], text: "b", y: [] };
  for (const [path, value] of Object.entries(others)) assert.equal(put(trace, path, value), true, path);
  assert.equal(put(trace, "x", Float32Array.of(1, 2, 3)), true);
  assert.equal(put(trace, "x", null), true);
});

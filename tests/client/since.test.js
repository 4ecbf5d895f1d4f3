/** Charts over steps from the last nudge on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sinceStep } from "../../pages/live/client/since.js";

const NAN = NaN;

test("without a step all is as it came", () => {
  const arrays = { "dev.x": [1, 2], "dev.y": [3, 4] };
  assert.equal(sinceStep(arrays, null), arrays);
});

test("what lies before the step is left out, gaps and what belongs to no steps stay", () => {
  const arrays = { "dev.x": new Float32Array([1, 5, NAN, 9]), "dev.y": new Float32Array([4, 3, NAN, 1]), "other.z": [1, 2, 3, 4] };
  const { "dev.x": x, "dev.y": y, "other.z": z } = sinceStep(arrays, 5);
  assert.deepEqual(x, new Float32Array([5, NAN, 9]));
  assert.deepEqual(y, new Float32Array([3, NAN, 1]));
  assert.deepEqual(z, [1, 2, 3, 4]);
});

test("labels point inwards, arrows stay at their steps", () => {
  const arrays = { "dev.x": [0, 100], "cut.x": [60, 95], "cut.y": [1, 1], "cut.text": ["3,175 ▲\u00a0", "\u00a0▲ ∞"],
    "cut.textposition": ["middle left", "middle right"] };
  const seen = sinceStep(arrays, 50);
  assert.deepEqual(seen["cut.text"], ["\u00a0▲ 3,175", "∞ ▲\u00a0"]);
  assert.deepEqual(seen["cut.textposition"], ["middle right", "middle left"]);
});

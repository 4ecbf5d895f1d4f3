/** The colours of a picture of classes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inksOf } from "../../pages/live/client/picture.js";

test("a byte has the colour of its class, and more opacity the surer it is", () => {
  const inks = inksOf(3, ["#010203", "#ff0000", "#00ff00"]);
  const ink = (/** @type {number} */ byte) => [...inks.slice(4 * byte, 4 * byte + 4)];
  assert.deepEqual(ink(0), [1, 2, 3, 0]);
  assert.deepEqual(ink(84), [1, 2, 3, 158]); // 85 degrees of confidence a class
  assert.deepEqual(ink(85), [255, 0, 0, 0]);
  assert.deepEqual(ink(2 * 85 + 42), [0, 255, 0, 79]);
});

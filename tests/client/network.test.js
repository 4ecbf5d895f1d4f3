/** The picture of a network: where units and weights are, what a pointer is on, and the colours of tiles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { relative } from "../../pages/live/client/network.js";
import { plain } from "../../pages/live/client/network_paint.js";
import { found, places } from "../../pages/live/client/network_places.js";
import { tint } from "../../pages/live/client/network_tiles.js";

/** @param {number[]} counts */
const columns = (counts) => counts.map((shown) => ({ title: "layer 1", size: shown, shown, ink: "sign" }));
const always = () => true;

test("units stand in columns and do not overlap, in a wide card and in a narrow one", () => {
  for (const [width, counts] of /** @type {[number, number[]][]} */ ([[420, [2, 8, 8, 3]], [300, [2, 6, 6, 6, 6, 6, 6, 10]]])) {
    const { units, top, bottom } = places(columns(counts), width, 260, 40, 60);
    assert.equal(units.length, counts.reduce((sum, count) => sum + count));
    units.forEach(({ x, y, half }, i) => {
      assert.ok(x - half >= 40 - 1e-6 && x + half <= width - 60 + 1e-6);
      assert.ok(y - half >= top && y + half <= bottom);
      units.slice(0, i).forEach((other) => {
        assert.ok(Math.max(Math.abs(other.x - x), Math.abs(other.y - y)) >= half + other.half + 1);
      });
    });
  }
});

test("lines are in the order of the weights: a row for each unit of the later column", () => {
  const { lines } = places(columns([2, 3, 1]), 400, 260, 40, 40);
  assert.deepEqual(lines.slice(0, 3), [{ from: 0, to: 2, column: 1 }, { from: 1, to: 2, column: 1 }, { from: 0, to: 3, column: 1 }]);
  assert.deepEqual(lines.at(-1), { from: 4, to: 5, column: 2 });
});

test("a pointer is on a unit, on the nearest line that is seen, or on nothing", () => {
  const at = places(columns([2, 2]), 400, 260, 40, 40);
  const [first, , third] = at.units;
  assert.deepEqual(found(at, first.x + 1, first.y - 1, always), { unit: 0 });
  const middle = (first.x + third.x) / 2;
  assert.deepEqual(found(at, middle, first.y + 3, always), { line: 0 });
  assert.equal(found(at, middle, first.y + 3, () => false), null);
  assert.equal(found(at, middle, first.y + 20, always), null);
  const { y } = at.units[1];
  assert.deepEqual(found(at, first.x + first.half + 0.25 * (third.x - first.x - 2 * first.half),
    y + (first.y - y) * 0.15625, always), { line: 1 }); // the smooth step at a quarter of the way
});

test("weights are relative to the largest of their layer, and what is no number is 0", () => {
  const shares = relative([1, -2, 8, NaN], { columns: columns([2, 1, 2]), pixels: false, smooth: false });
  assert.deepEqual([...shares], [0.5, -1, 1, 0]);
});

test("the byte 128 is transparent, 255 and 1 are full", () => {
  const pixels = new Uint8ClampedArray(16);
  tint(pixels, 4, new Uint8Array([128, 255, 1]), [1, 2, 3], [4, 5, 6]);
  assert.deepEqual([...pixels], [0, 0, 0, 0, 1, 2, 3, 0, 1, 2, 3, 254, 4, 5, 6, 254]);
});

test("names are shown as they are", () => {
  assert.equal(plain("&lt;b&gt; &amp;amp; &amp;lt;"), "<b> &amp; &lt;");
});

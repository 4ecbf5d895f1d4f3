/** Ranges of axes that follow the data. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { extents, misfit, roomFor, shares } from "../../pages/live/client/ranges.js";

/** @import { Drawn, Layout, Range } from "../../pages/live/client/types.js" */

/** @type {(id: string, more?: object) => object} */
const axis = (id, more) => ({ _id: id, autorange: true, type: "linear", range: [0, 10], ...more });
/** @type {(x: Range, more?: object) => object} */
const trace = (x, more) => ({
  visible: true, _extremes: { x: { min: [{ val: x[0] }], max: [{ val: x[1] }] } }, ...more,
});
/** What the functions read of a figure. @type {(layout: Record<string, object>, data?: object[]) => Drawn} */
const figure = (layout, data = []) => /** @type {Drawn} */ (
  /** @type {object} */ ({ _fullLayout: layout, _fullData: data }));
const linear = () => false;

test("the extent of an axis is that of all visible traces on it", () => {
  const data = [trace([1, 4]), trace([-2, 3]), trace([-9, 9], { visible: "legendonly" }), { visible: true }];
  assert.deepEqual(extents(figure({ xaxis: axis("x"), yaxis: axis("y") }, data)), { xaxis: [-2, 4] });
});

test("axes with a range of their own, or of categories, do not follow", () => {
  const data = [trace([1, 4])];
  assert.deepEqual(extents(figure({ xaxis: axis("x", { autorange: false }) }, data)), {});
  assert.deepEqual(extents(figure({ xaxis: axis("x", { type: "category" }) }, data)), {});
  assert.deepEqual(extents(figure({ xaxis2: axis("x", { type: "log" }), coloraxis: axis("x") }, data)), { xaxis2: [1, 4] });
});

test("shares are what the data fill of a range, whichever way it runs", () => {
  assert.deepEqual(shares(figure({ xaxis: axis("x") }), { xaxis: [0, 8] }), { xaxis: 0.8 });
  assert.deepEqual(shares(figure({ xaxis: axis("x", { range: [10, 0] }) }), { xaxis: [0, 8] }), { xaxis: 0.8 });
});

test("how badly an axis fits", () => {
  /** @type {(wanted: Range, filled?: Record<string, number>) => number} */
  const fit = (wanted, filled = { xaxis: 0.9 }) => misfit(figure({ xaxis: axis("x") }), { xaxis: wanted }, filled);
  assert.equal(fit([0.5, 9.5]), 0);
  assert.equal(fit([0, 10.05]), 0); // one hundredth may stick out
  assert.equal(fit([0, 10.2]), 1);
  assert.equal(fit([-0.2, 9]), 1);
  assert.equal(fit([0, 12.6]), 2);
  assert.equal(fit([0, 6]), 0); // two thirds of the 9 that were filled
  assert.equal(fit([0, 5.8]), 1);
  assert.equal(fit([0, 2.6]), 2);
  assert.equal(fit([0, 6], {}), 1);
  assert.equal(misfit(figure({}), {}, {}), 0);
});

test("the worst axis counts", () => {
  const gd = figure({ xaxis: axis("x"), yaxis: axis("y") });
  assert.equal(misfit(gd, { xaxis: [0, 10.2], yaxis: [0, 10] }, {}), 1);
  assert.equal(misfit(gd, { xaxis: [0, 10.2], yaxis: [0, 20] }, {}), 2);
});

test("a line that grows gets as much room again, up to a round number", () => {
  const grown = roomFor({ xaxis: { title: "step" } }, { xaxis: [0, 80] }, { xaxis: [0, 100] }, linear);
  assert.deepEqual(grown, { xaxis: { title: "step", autorangeoptions: { include: [0, 125] } } });
  const still = roomFor({}, {}, { xaxis: [0, 100] }, linear);
  assert.deepEqual(still.xaxis, { autorangeoptions: { include: [0, 100] } });
});

test("the room is at most half of the data's span, on either side", () => {
  /** @param {Range} before */
  const room = (before) => roomFor({}, { yaxis: before }, { yaxis: [0, 100] }, linear).yaxis?.autorangeoptions?.include;
  assert.deepEqual(room([90, 100]), [-50, 100]);
  assert.deepEqual(room([0, 10]), [0, 150]);
});

test("a logarithmic axis includes powers of ten, and the layout is left as it was", () => {
  /** @type {Layout} */
  const layout = { yaxis: { type: "log", autorangeoptions: { minallowed: 0 } } };
  const next = roomFor(layout, {}, { yaxis: [-2, 1] }, () => true);
  assert.deepEqual(next.yaxis?.autorangeoptions, { minallowed: 0, include: [0.01, 10] });
  assert.deepEqual(layout, { yaxis: { type: "log", autorangeoptions: { minallowed: 0 } } });
});

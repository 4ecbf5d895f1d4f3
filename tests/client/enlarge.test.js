import assert from "node:assert/strict";
import { test } from "node:test";
import { enlargedLayout, enlargedTrace } from "../../pages/live/client/enlarge.js";

const ROOM = 20 / 11; // the scale at which the common text of 11 px is as small as it may be

test("at scale 1 nothing changes", () => {
  const layout = { font: { size: 11 }, margin: { l: 46 }, xaxis: { title: { text: "step", standoff: 2 } } };
  assert.deepEqual(enlargedLayout(layout, 1), layout);
  const trace = { uid: "a", line: { width: 1 } };
  assert.deepEqual(enlargedTrace(trace, 1), trace);
});

test("no text of a layout is smaller than 20 px, and margins grow with it", () => {
  const small = { size: 9 };
  const layout = enlargedLayout({ font: { size: 11 }, margin: { l: 44, t: 8 }, annotations: [{ font: small, xshift: -11 }],
    xaxis: { title: { text: "step", standoff: 2, font: small }, tickfont: small }, yaxis: { type: "log" } }, ROOM);
  const { xaxis, yaxis, annotations, hoverlabel } = /** @type {any} */ (layout);
  assert.deepEqual(layout.font, { size: 20 });
  assert.deepEqual(layout.margin, { l: 80, t: 8 * ROOM });
  assert.deepEqual(annotations, [{ font: { size: 20 }, xshift: -20, yshift: 0 }]);
  assert.equal(xaxis.title.font.size, 20);
  assert.equal(xaxis.tickfont.size, 20);
  assert.equal(yaxis.tickfont.size * 0.75, 20); // plotly's digits between powers of ten
  assert.ok(hoverlabel.font.size >= 20);
});

test("no line is thinner than 3 px; what is not drawn stays so, and data do not grow", () => {
  const width = (/** @type {object} */ line) => /** @type {any} */ (enlargedTrace({ uid: "a", ...line }, ROOM)).line.width;
  assert.equal(width({ line: { width: 1 } }), 3);
  assert.equal(width({ line: { width: 0 } }), 0);
  assert.equal(width({}), 2 * ROOM);
  assert.equal(enlargedTrace({ uid: "b", type: "bar", width: 0.9 }, ROOM).width, 0.9);
});

test("markers and texts of a trace grow, sizes that are data do not", () => {
  const trace = /** @type {any} */ (enlargedTrace({ uid: "a", marker: { size: 11, line: { width: 1 } }, textfont: { size: 10 } }, ROOM));
  assert.equal(trace.marker.size, 20);
  assert.equal(trace.marker.line.width, ROOM);
  assert.equal(trace.textfont.size, 20);
  assert.deepEqual(/** @type {any} */ (enlargedTrace({ uid: "a", marker: { size: [4, 5] } }, ROOM)).marker.size, [4, 5]);
});

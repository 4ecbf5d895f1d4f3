/** Which charts come in the next frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { due } from "../../pages/live/client/due.js";

/** @type {(name: string, every?: number, visible?: boolean) => { name: string, every: number, visible: boolean }} */
const chart = (name, every = 1, visible = true) => ({ name, every, visible });
const all = new Set(["a", "b", "c"]);

test("a run at rest shows all charts, once each", () => {
  assert.deepEqual(due([chart("a", 4), chart("b", 1, false), chart("a")], 1, false, all), ["a", "b"]);
});

test("while a run trains, costly charts take turns", () => {
  const charts = [chart("a"), chart("b", 2), chart("c", 2)];
  assert.deepEqual([2, 3, 4].map((turn) => due(charts, turn, true, all)), [["a", "b"], ["a", "c"], ["a", "b"]]);
});

test("a chart out of sight comes only until it was drawn", () => {
  const charts = [chart("a", 1, false), chart("b", 1, false)];
  assert.deepEqual(due(charts, 1, true, new Set(["a"])), ["b"]);
});

/** Key presses within a second are one gesture. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gestures } from "../../pages/live/client/gestures.js";

function dial() {
  let now = 0;
  const one = gestures(() => now);
  /** @param {number} ms */
  const press = (ms) => { now += ms; one.press(); return one.current(); };
  return { press, begin: () => { one.begin(); return one.current(); } };
}

test("presses within a second of each other are one gesture", () => {
  const { press } = dial();
  const first = press(5000);
  assert.equal(press(900), first);
  assert.equal(press(900), first);
  assert.notEqual(press(1100), first);
});

test("a drag is a gesture of its own, also between keys", () => {
  const { press, begin } = dial();
  const first = press(100);
  const drag = begin();
  assert.notEqual(drag, first);
  assert.notEqual(press(100), drag);
});

test("two dials never share a number", () => {
  assert.notEqual(dial().press(1), dial().press(1));
});

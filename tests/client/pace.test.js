/** When a frame is drawn, in a tab that is seen and in a hidden one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pace } from "../../pages/live/client/pace.js";

/** @import { TestContext } from "node:test" */

/** A pace, and the screen and tab that it follows. @param {TestContext} context */
function made(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {Map<number, () => void>} */
  const requests = new Map();
  const tab = Object.assign(new EventTarget(), { hidden: false });
  let number = 0;
  Object.assign(globalThis, {
    document: tab,
    /** @param {() => void} run */
    requestAnimationFrame: (run) => { requests.set(number += 1, run); return number; },
    /** @param {number} one */
    cancelAnimationFrame: (one) => requests.delete(one),
  });
  const draw = context.mock.fn();
  const refresh = () => [...requests].forEach(([one, run]) => { requests.delete(one); run(); });
  /** @param {boolean} hidden */
  const hide = (hidden) => { tab.hidden = hidden; tab.dispatchEvent(new Event("visibilitychange")); };
  /** @param {number} ms */
  const pass = (ms) => context.mock.timers.tick(ms);
  return { paced: pace(draw), drawn: () => draw.mock.callCount(), refresh, hide, pass };
}

test("once at the next refresh, however often it was asked for", (context) => {
  const { paced, drawn, refresh } = made(context);
  paced.schedule();
  paced.schedule();
  assert.equal(drawn(), 0);
  refresh();
  refresh();
  assert.equal(drawn(), 1);
});

test("a hidden tab draws a second later", (context) => {
  const { paced, drawn, hide, pass } = made(context);
  hide(true);
  paced.schedule();
  pass(999);
  assert.equal(drawn(), 0);
  pass(1);
  assert.equal(drawn(), 1);
});

test("what waits is drawn when the tab is shown, and nothing where nothing waits", (context) => {
  const { paced, drawn, refresh, hide, pass } = made(context);
  paced.schedule();
  hide(true);
  refresh();
  assert.equal(drawn(), 0);
  hide(false);
  refresh();
  assert.equal(drawn(), 1);
  hide(true);
  pass(5000);
  assert.equal(drawn(), 1);
});

test("a pace that is stopped draws nothing more", (context) => {
  const { paced, drawn, refresh, hide } = made(context);
  paced.schedule();
  paced.stop();
  hide(false);
  refresh();
  assert.equal(drawn(), 0);
});

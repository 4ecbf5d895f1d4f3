/** What is asked for while there is no connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { about, keeper } from "../../pages/live/client/kept.js";

/** @import { Message } from "../../pages/live/client/types.js" */
/** @import { TestContext } from "node:test" */

/** @type {(gesture: number, changes: Record<string, number>) => Message} */
const nudge = (gesture, changes) => ({ type: "nudge", gesture, changes });

/** A keeper under fake timers, and the messages that it gave up. @param {TestContext} context */
function kept(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {Message[]} */
  const lost = [];
  /** @param {number} ms */
  const pass = (ms) => context.mock.timers.tick(ms);
  return { store: keeper((message) => lost.push(message)), lost, pass };
}

test("messages come out in order, once", (context) => {
  const { store } = kept(context);
  /** @type {Message[]} */
  const asked = [{ type: "step" }, { type: "play" }, { type: "step" }, { type: "epoch" }];
  assert.ok(asked.every(store.add));
  assert.deepEqual(store.list(), asked);
  assert.deepEqual(store.take(), asked);
  assert.deepEqual(store.list(), []);
  assert.deepEqual(store.take(), []);
});

test("of messages in a row about the same thing the last is kept", (context) => {
  const { store } = kept(context);
  for (const beta1 of [0.7, 0.8, 0.9]) store.add(nudge(1, { beta1 }));
  store.add({ type: "play" });
  store.add({ type: "pause" });
  assert.deepEqual(store.take(), [nudge(1, { beta1: 0.9 }), { type: "pause" }]);
});

test("what others came after keeps its place", (context) => {
  const { store } = kept(context);
  /** @type {Message[]} */
  const asked = [{ type: "look", step: 20 }, nudge(1, { beta1: 0.8 }), { type: "look", step: null }];
  asked.forEach(store.add);
  assert.deepEqual(store.take(), asked);
});

test("what a message is about", () => {
  /** @type {(one: Message, other: Message) => boolean} */
  const same = (one, other) => about(one) === about(other);
  assert.ok(same({ type: "play" }, { type: "pause" }));
  assert.ok(same({ type: "speed", steps: 1 }, { type: "speed", steps: 10 }));
  assert.ok(!same({ type: "look", step: 1 }, { type: "stop_at", step: 1 }));
  assert.ok(!same({ type: "step" }, { type: "step" }));
  assert.ok(!same(nudge(1, { beta1: 0.9 }), nudge(2, { beta1: 0.9 })));
  assert.ok(!same(nudge(1, { beta1: 0.9 }), nudge(1, { beta2: 0.9 })));
});

test("after 30 seconds a message is given up", (context) => {
  const { store, lost, pass } = kept(context);
  store.add({ type: "play" });
  pass(20_000);
  store.add({ type: "step" });
  pass(9_999);
  assert.deepEqual(lost, []);
  pass(1);
  assert.deepEqual(lost, [{ type: "play" }]);
  assert.deepEqual(store.take(), [{ type: "step" }]);
  pass(60_000);
  assert.equal(lost.length, 1); // what was handed out or replaced is not given up
});

test("50 messages are kept, and not one more", (context) => {
  const { store } = kept(context);
  for (let i = 0; i < 50; i += 1) assert.ok(store.add({ type: "step" }));
  assert.equal(store.add({ type: "step" }), false);
  assert.equal(store.take().length, 50);
});

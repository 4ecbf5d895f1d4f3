/** Messages to a lab's script, one at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { outbox } from "../../pages/live/client/outbox.js";

/** @import { Message } from "../../pages/live/client/types.js" */
/** @import { TestContext } from "node:test" */

/** @type {(number: number, x: number) => Message} */
const move = (number, x) => ({ type: "move", number, x, y: 0 });

/** An outbox under fake timers, and what it sent. @param {TestContext} context */
function made(context) {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {Message[]} */
  const sent = [];
  const emptied = context.mock.fn();
  const out = outbox((message) => { sent.push(message); return "sent"; }, emptied);
  /** @param {number} ms */
  const pass = (ms) => context.mock.timers.tick(ms);
  return { out, sent, emptied: () => emptied.mock.callCount(), pass, answer: () => out.heard(sent.at(-1)?.id) };
}

test("the next message is sent when the last one is answered", (context) => {
  const { out, sent, emptied, answer } = made(context);
  out.say({ type: "add", x: 1, y: 2 });
  out.say({ type: "remove", number: 0 });
  assert.deepEqual(sent.map(({ type }) => type), ["add"]);
  out.heard(-1); // an id of another window
  assert.equal(sent.length, 1);
  answer();
  assert.deepEqual(sent.map(({ type }) => type), ["add", "remove"]);
  assert.equal(emptied(), 0);
  answer();
  assert.equal(emptied(), 1);
  assert.deepEqual(out.list(), []);
});

test("of the moves of one point that wait, only the last is sent", (context) => {
  const { out, sent, answer } = made(context);
  [move(0, 1), move(0, 2), move(0, 3), move(1, 4)].forEach(out.say);
  answer();
  answer();
  assert.deepEqual(sent.map((message) => message.type === "move" && message.x), [1, 3, 4]);
});

test("a message without an answer is sent six times, then given up", (context) => {
  const { out, sent, emptied, pass } = made(context);
  out.say(move(0, 1));
  for (let i = 0; i < 5; i += 1) pass(600);
  assert.equal(sent.length, 6);
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
  assert.equal(emptied(), 0);
  pass(600);
  assert.equal(emptied(), 1);
  pass(6000);
  assert.equal(sent.length, 6);
});

test("an outbox that is stopped sends nothing more", (context) => {
  const { out, sent, pass } = made(context);
  out.say(move(0, 1));
  out.stop();
  pass(6000);
  assert.equal(sent.length, 1);
});

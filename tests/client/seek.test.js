/** Steps that are asked for, against the frames of a run that is replayed to them. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { seek } from "../../pages/live/client/seek.js";

/** @import { Message, RunStatus } from "../../pages/live/client/types.js" */

/** @type {Message[]} */
let sent = [];
const command = (/** @type {Message} */ message) => { sent.push(message); return /** @type {const} */ ("sent"); };
/** @type {(step: number, more?: Partial<RunStatus>) => RunStatus} */
const at = (step, more = {}) => /** @type {RunStatus} */ ({ step, head: 100, looking: step < 100, playing: false, ...more });
const looks = () => sent.map((message) => (message.type === "look" ? message.step : message.type));

beforeEach(() => { sent = []; });

test("a held key walks from the step that was asked for, whatever the replay passes", () => {
  const one = seek(command);
  one.show(at(100));
  one.walk(-1);
  one.show(at(3, { looking: true }));
  one.walk(-1);
  one.walk(-1);
  one.show(at(40, { looking: true }));
  assert.deepEqual([looks(), one.wanted()], [[99], 97]);
  one.show(at(99));
  assert.deepEqual(looks(), [99, 97]);
  one.show(at(97));
  assert.equal(one.wanted(), null);
  one.walk(1);
  assert.deepEqual(looks(), [99, 97, 98]);
});

test("at its ends a walk stops, pauses or trains", () => {
  const one = seek(command);
  one.walk(-1);
  one.show(at(0));
  one.walk(-1);
  one.show(at(99));
  one.walk(1);
  one.show(at(100));
  one.walk(1);
  one.show(at(100, { playing: true }));
  one.walk(-1);
  assert.deepEqual(sent, [{ type: "look", step: null }, { type: "step" }, { type: "pause" }]);
});

test("a dragged thumb need not wait until the run is there", () => {
  const one = seek(command);
  one.show(at(100));
  one.to(50);
  one.to(60);
  one.to(70);
  assert.deepEqual(looks(), [50]);
  one.show(at(3, { looking: true }));
  assert.deepEqual(looks(), [50, 70]);
  one.show(at(70));
  assert.equal(one.wanted(), null);
  one.leave();
  assert.deepEqual(looks(), [50, 70, null]);
});

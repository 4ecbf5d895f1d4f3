/** Parts that listen to one channel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audience } from "../../pages/live/client/audience.js";

/** @import { ErrorMessage, Listener } from "../../pages/live/client/types.js" */

/** A part that notes what it is told. @type {(more?: Partial<Listener>) => Listener & { errors: ErrorMessage[] }} */
function part(more) {
  /** @type {ErrorMessage[]} */
  const errors = [];
  return { frame: () => {}, error: (message) => errors.push(message), errors, ...more };
}

test("a part that fails does not stop the others", (context) => {
  const complaint = context.mock.method(console, "error", () => {});
  const parts = audience();
  const [broken, well] = [part(), part()];
  parts.add(broken);
  parts.add(well);
  /** @type {Listener[]} */
  const reached = [];
  parts.each((one) => {
    if (one === broken) throw new Error("broken");
    reached.push(one);
  });
  assert.deepEqual(reached, [well]);
  assert.equal(complaint.mock.callCount(), 1);
});

test("an error goes to the part that owns its id, or to all", () => {
  const parts = audience();
  const [owner, other] = [part({ owns: (id) => id === 7 }), part()];
  [other, owner].forEach(parts.add);
  parts.say({ sentence: "mine", id: 7 });
  assert.deepEqual([owner.errors.length, other.errors.length], [1, 0]);
  parts.say({ sentence: "nobody's", id: 8 });
  parts.say({ sentence: "everybody's" });
  assert.deepEqual([owner.errors.length, other.errors.length], [3, 2]);
});

test("the charts of all parts, until they leave", () => {
  const parts = audience();
  const chart = { name: "loss", every: 1, visible: true };
  const shows = part({ wants: () => [chart] });
  assert.ok(parts.isEmpty());
  [part(), shows].forEach(parts.add);
  assert.deepEqual(parts.charts(), [chart]);
  parts.remove(shows);
  assert.deepEqual(parts.charts(), []);
  assert.ok(!parts.isEmpty());
});

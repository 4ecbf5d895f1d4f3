/** What is typed into the field for where to stop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stopMessage } from "../../pages/live/client/stop_field.js";

test("a step, epochs and a loss are messages of their own", () => {
  assert.deepEqual(stopMessage("step", " 2,000 "), { type: "stop_at", step: 2000 });
  assert.deepEqual(stopMessage("epochs", "12"), { type: "stop_at", epochs: 12 });
  assert.deepEqual(stopMessage("loss", "0.05"), { type: "stop_at", loss: 0.05 });
  assert.deepEqual(stopMessage("loss", "0,05"), { type: "stop_at", loss: 0.05 });
});

test("nothing is no stop", () => {
  assert.deepEqual(stopMessage("step", ""), { type: "stop_at" });
  assert.deepEqual(stopMessage("loss", "  "), { type: "stop_at" });
});

test("what is no such number is answered by a sentence", () => {
  assert.equal(stopMessage("step", "1.5"), "A whole number of steps, or nothing for no stop.");
  assert.equal(stopMessage("epochs", "0"), "A whole number of epochs, or nothing for no stop.");
  assert.equal(stopMessage("loss", "-1"), "An averaged loss above 0, or nothing for no stop.");
  assert.equal(stopMessage("loss", "Infinity"), "An averaged loss above 0, or nothing for no stop.");
});

/** Presenter mode in the address, against a stand-in for the browser. */
import assert from "node:assert/strict";
import { test } from "node:test";

const AT = "../../pages/live/client/presenting.js";

/** A module of its own at that address, as after a reload. @param {string} asked
 * @returns {Promise<typeof import("../../pages/live/client/presenting.js")>} */
async function reloaded(asked) {
  const location = { href: `https://here/?present=${asked}`, search: `?present=${asked}` };
  const history = {
    state: null,
    /** @type {(state: null, title: string, address: URL) => void} */
    replaceState: (_, __, { href, search }) => { Object.assign(location, { href, search }); },
  };
  const style = { setProperty() {}, removeProperty() {} };
  const document = { documentElement: { classList: { toggle() {} }, style } };
  Object.assign(globalThis, { location, history, document, innerWidth: 1280, innerHeight: 720, addEventListener() {} });
  return import(`${AT}?${asked}`);
}

const asked = () => new URL(location.href).searchParams.get("present");

test("names in the address that are no charts are dropped", async () => {
  const mode = await reloaded("foo,bar");
  mode.resume();
  mode.offer(["loss", "dev", "weights"]);
  assert.deepEqual(mode.staged(), ["loss", "dev"]);
  mode.choose(2);
  assert.deepEqual([mode.staged(), asked()], [["dev", "weights"], "dev,weights"]);
});

test("charts after a name that is none are still found, whichever comes first, charts or mode", async () => {
  const mode = await reloaded("foo,weights,dev");
  mode.offer(["loss", "dev", "weights"]);
  mode.resume();
  assert.deepEqual(mode.staged(), ["dev", "weights"]);
  mode.move(1);
  assert.equal(asked(), "weights,loss");
});

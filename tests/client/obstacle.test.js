/** What is in the way of a websocket, against stand-ins for the browser's websocket and for `fetch`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NOT_PASSED, obstacle } from "../../pages/live/client/obstacle.js";

/** @typedef {{ opens?: boolean, says?: string, closes?: number }} Acts */

/** The obstacle where the socket acts so, and a request without a websocket is answered with `status` (0: not at all).
 * @param {Acts} acts
 * @param {number} status
 */
function found({ opens, says, closes }, status) {
  class Socket {
    onopen = () => {};
    /** @type {(event: { data: string }) => void} */
    onmessage = () => {};
    /** @type {(event: { code: number }) => void} */
    onclose = () => {};

    /** @param {URL} url */
    constructor(url) {
      assert.equal(String(url), "wss://here/panda/live/-");
      queueMicrotask(() => {
        if (opens) this.onopen();
        if (says) this.onmessage({ data: JSON.stringify({ type: "gone", sentence: says }) });
        if (closes) this.onclose({ code: closes });
      });
    }

    close() {}
  }
  const fetch = async (/** @type {URL} */ url) => {
    assert.equal(String(url), "https://here/panda/live/-");
    if (!status) throw new TypeError("network");
    return { status };
  };
  Object.assign(globalThis, { location: { href: "https://here/panda/caviar" }, WebSocket: Socket, fetch });
  return obstacle("live/-");
}

test("nothing is in the way of a websocket that the server takes", async () => {
  assert.equal(await found({ opens: true, says: "There is no run.", closes: 1000 }, 200), "");
});

test("a refused page gets the server's own words", async () => {
  assert.equal(await found({ opens: true, says: "Set Host.", closes: 1008 }, 200), "Set Host.");
});

test("where the server answers but no websocket opens, the proxy does not pass it on", async () => {
  for (const status of [200, 400, 404, 426]) assert.equal(await found({ closes: 1006 }, status), NOT_PASSED);
});

test("a server that does not answer is not the proxy's fault", async () => {
  for (const status of [0, 502, 503, 504]) assert.equal(await found({ closes: 1006 }, status), "");
});

test("a websocket that neither opens nor closes within 5 s is not passed on", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const waiting = found({}, 200);
  let over = false;
  waiting.then(() => { over = true; });
  context.mock.timers.tick(4999);
  await new Promise(setImmediate);
  assert.equal(over, false);
  context.mock.timers.tick(1);
  assert.equal(await waiting, NOT_PASSED);
});

/** Choices survive a reload where the browser has a store, and the page where it has none. */
import assert from "node:assert/strict";
import { test } from "node:test";

const AT = "../../pages/live/client/remembered.js";

/** A module of its own, as after a reload. @param {string} name @returns {Promise<typeof import("../../pages/live/client/remembered.js")>} */
const fresh = (name) => import(`${AT}?${name}`);

/** @param {Record<string, string>} held */
function store(held) {
  Object.assign(globalThis, { localStorage: {
    /** @param {string} key */
    getItem: (key) => held[key] ?? null,
    /** @type {(key: string, value: string) => void} */
    setItem: (key, value) => { held[key] = value; },
  } });
}

test("a choice is found again after a reload", async () => {
  store({});
  (await fresh("first")).remember("loss", { y: true });
  assert.deepEqual((await fresh("second")).recalled("loss"), { y: true });
});

test("what others wrote there is no trouble", async () => {
  for (const text of ["[1]", "null", "{", "7"]) {
    store({ "panda-charts": text });
    assert.equal((await fresh(text)).recalled("loss"), undefined);
  }
});

test("without a store it lasts as long as the page", async () => {
  Object.defineProperty(globalThis, "localStorage", { configurable: true, get() { throw new Error("denied"); } });
  const { recalled, remember } = await fresh("none");
  remember("loss", { y: true });
  assert.deepEqual(recalled("loss"), { y: true });
});

/** WebKit hands a module with a top-level await to its later importers before its exports exist, so parts of the page
 * stay empty. The type checker must refuse such a module. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

test("a top-level await is an error of the type checker, and no other await is", () => {
  const args = [path("../../node_modules/typescript/bin/tsc"), "--pretty", "false", "-p", path("await/tsconfig.json")];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.deepEqual(stdout.match(/\w+\.js\(\d+,\d+\): error TS\d+/g), [
    "wrong.js(2,1): error TS1378", "wrong.js(4,3): error TS1378", "wrong.js(6,5): error TS1432",
  ]);
});

/** Reading packets, against the same table as core/charts/packet.py, which writes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unpack } from "../../pages/live/client/frames.js";
import { cases } from "./cases.js";

/** An array of the table, or its rows.
 * @typedef {{ dtype: "f4" | "i4" | "u1", values: (number | null)[] | (number | null)[][] }} Listed */

/** @type {(dtype: Listed["dtype"], values: (number | null)[]) => Float32Array | Int32Array | Uint8Array} */
function numbers(dtype, values) {
  const Kind = { f4: Float32Array, i4: Int32Array, u1: Uint8Array }[dtype];
  return Kind.from(values.map((value) => value ?? NaN));
}

/** A value of the table as `unpack` gives it. @type {(value: unknown) => unknown} */
function built(value) {
  if (!value || typeof value !== "object" || Array.isArray(value)) return value;
  if (isListed(value)) {
    const { dtype, values } = value;
    return isRows(values) ? values.map((row) => numbers(dtype, row)) : numbers(dtype, values);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, built(inner)]));
}

/** @type {(value: object) => value is Listed} */
function isListed(value) {
  return "dtype" in value;
}

/** @type {(values: Listed["values"]) => values is (number | null)[][]} */
function isRows(values) {
  return Array.isArray(values[0]);
}

/** @param {string} base64 */
const bytes = (base64) => Uint8Array.from(Buffer.from(base64, "base64")).buffer;

for (const { name, header, charts, base64 } of cases("packets")) {
  test(`a packet: ${name}`, () => {
    assert.deepEqual(unpack(bytes(base64)), { ...header, charts: built(charts) });
  });
}

test("an array that does not begin at a multiple of its width is copied", () => {
  const json = JSON.stringify({ charts: { a: { "t.x": { d: "f4", o: 1, n: [2] } } } });
  const header = new TextEncoder().encode(json.padEnd(Math.ceil((json.length + 4) / 4) * 4 - 4));
  const message = new Uint8Array(4 + header.length + 9);
  new DataView(message.buffer).setUint32(0, header.length, true);
  message.set(header, 4);
  message.set(new Uint8Array(Float32Array.of(0.5, -3).buffer), 4 + header.length + 1);
  assert.deepEqual(unpack(message.buffer).charts.a["t.x"], Float32Array.of(0.5, -3));
});

/** Reading packets, against the same table as core/charts/packet.py, which writes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unpack } from "../../pages/live/client/frames.js";
import { cases } from "./cases.js";

const TYPES = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };
const numbers = (Kind, values) => Kind.from(values, (value) => value ?? NaN);

/** A value of the table as `unpack` gives it. */
function built(value) {
  if (!value || typeof value !== "object" || Array.isArray(value)) return value;
  const { dtype, values } = value;
  const Kind = TYPES[dtype];
  if (!Kind) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, built(inner)]));
  return Array.isArray(values[0]) ? values.map((row) => numbers(Kind, row)) : numbers(Kind, values);
}

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

/** Reading a binary frame: uint32 header length, JSON header, then the arrays, which stay views on the message. */

/** @import { Described, Frame, TypedArray } from "./types.js" */

/** Types of arrays. core/charts/packet.py sends three of them. */
const ARRAYS = {
  f4: Float32Array, f8: Float64Array, i1: Int8Array, i2: Int16Array, i4: Int32Array,
  u1: Uint8Array, u2: Uint16Array, u4: Uint32Array,
};

/** {seq, status, charts: {name: {"uid.attr": array | rows | text list | number}}} from one message.
 * @param {ArrayBuffer} buffer
 * @returns {Frame}
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  /** @type {Frame} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  for (const moving of Object.values(header.charts)) open(moving, buffer, 4 + length);
  return header;
}

/** Put arrays where the header has descriptions, also one level down ("image": {...}).
 * @param {Record<string, unknown>} moving - JSON that becomes arrays here
 * @param {ArrayBuffer} buffer
 * @param {number} start
 */
function open(moving, buffer, start) {
  for (const [key, value] of Object.entries(moving)) {
    if (!value || typeof value !== "object" || Array.isArray(value)) continue;
    if (isDescribed(value)) moving[key] = view(value, buffer, start);
    else open(/** @type {Record<string, unknown>} */ (value), buffer, start);
  }
}

/** @type {(value: object) => value is Described} */
function isDescribed(value) {
  return "d" in value && typeof value.d === "string" && value.d in ARRAYS;
}

/** The array that is described, or the list of its rows.
 * @param {Described} described
 * @param {ArrayBuffer} buffer
 * @param {number} start
 * @returns {TypedArray | TypedArray[]}
 */
function view({ d, o, n }, buffer, start) {
  const Kind = ARRAYS[/** @type {keyof typeof ARRAYS} */ (d)];
  const size = n.reduce((product, side) => product * side, 1);
  const from = start + o;
  const aligned = from % Kind.BYTES_PER_ELEMENT === 0;
  const flat = aligned ? new Kind(buffer, from, size)
    : new Kind(buffer.slice(from, from + size * Kind.BYTES_PER_ELEMENT));
  if (n.length === 1) return flat;
  return Array.from({ length: n[0] }, (_, row) => flat.subarray(row * n[1], (row + 1) * n[1]));
}

/** The tables of cases that the tests of Python read too: see tests/pages/live/test_client_cases.py. */
import { readFileSync } from "node:fs";

/** @import { DialRow, Scaled, Status } from "../../pages/live/client/types.js" */
/** @typedef {{ value: number, text: string }} Shown */

/** The tables by name.
 * @typedef {object} Tables
 * @property {{ settings: Shown[], whole: Shown[] }} numbers
 * @property {{ name: string, header: { seq: number, status: Status }, charts: Record<string, object>, base64: string
 *   }[]} packets
 * @property {{ inside: (Scaled & { place: number, value: number, unit: number })[],
 *   outside: (Scaled & { value: number, unit: number })[] }} scales
 * @property {(Pick<DialRow, "label" | "low" | "high" | "integer"> & { text: string, value?: number, sentence?: string
 *   })[]} typed
 */

/** The table of that name.
 * @template {keyof Tables} N
 * @param {N} name
 * @returns {Tables[N]}
 */
export function cases(name) {
  return JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), "utf8"));
}

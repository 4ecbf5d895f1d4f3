/** The tables of cases that the tests of Python read too: see tests/pages/live/test_client_cases.py. */
import { readFileSync } from "node:fs";

/** The table of that name. */
export function cases(name) {
  return JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), "utf8"));
}

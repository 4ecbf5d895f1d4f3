/** Presenter mode as a state of the browser: whether it is on, and which one or two charts fill the screen.
 *
 * It is kept in the address (`?present=1`, or the names of the charts), so that a reload finds it. The page's script has
 * no part in it, and nothing is mounted again: classes and a scale change.
 */
import { LEAST_TEXT } from "./enlarge.js";

const NAME = "present"; // in the address
const CLASS = "panda-presenting"; // of the root element
const SMALLEST = 11; // px, of the text of charts on the page
const [WIDE, HIGH] = [1280, 720]; // px, of the screen on which text is as small as it may be
const CARD = 340; // px, the width for which a chart is laid out
const MOST = 2; // charts

let on = false;
/** The names of the page's charts, in order. @type {string[]} */
let offered = [];
/** The charts that were chosen, the last one last; empty for the first ones. @type {string[]} */
let chosen = [];
let unchecked = false; // `chosen` is what the address says
/** @type {Set<() => void>} */
const listeners = new Set();

export const presenting = () => on;

/** The names of the charts on the stage, in the page's order. */
export function staged() {
  const there = chosen.filter((name) => offered.includes(name));
  const names = there.length ? there : offered.slice(0, innerWidth < WIDE / 2 ? 1 : MOST);
  return offered.filter((name) => names.includes(name));
}

/** Be told of every change; returns a function that ends it. @param {() => void} listener */
export function follow(listener) {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

/** The page has these charts. @param {string[]} names */
export function offer(names) {
  offered = names;
  check();
}

/** Enter the mode if the address says so. */
export function resume() {
  const asked = new URLSearchParams(location.search).get(NAME);
  if (asked === null) return;
  chosen = asked === "1" ? [] : asked.split(",");
  unchecked = true;
  check();
  turn(true);
}

/** Drop names from the address that are none of the page's charts, once these are known. */
function check() {
  if (!unchecked || !offered.length) return;
  unchecked = false;
  chosen = chosen.filter((name) => offered.includes(name)).slice(-MOST);
}

/** @param {boolean} next */
export function present(next) {
  turn(next);
  write();
}

/** Leave without a trace in the address, which may be another page's by now. */
export const end = () => turn(false);

/** @param {boolean} next */
function turn(next) {
  if (on === next) return;
  on = next;
  if (on) addEventListener("resize", changed);
  else removeEventListener("resize", changed);
  changed();
}

function changed() {
  const { classList, style } = document.documentElement;
  classList.toggle(CLASS, on);
  const room = Math.max(1, Math.min(innerWidth / WIDE, innerHeight / HIGH));
  const scale = Math.max(1, Math.min((LEAST_TEXT / SMALLEST) * room, innerWidth / CARD)); // less on a phone
  if (on) style.setProperty("--panda-scale", String(scale));
  else style.removeProperty("--panda-scale");
  listeners.forEach((listener) => listener());
}

/** Put the chart with that number, from 0, beside the one that was chosen last; alone if it is shown already.
 * @param {number} number */
export function choose(number) {
  if (!(number in offered)) return;
  const name = offered[number];
  const before = chosen.length ? chosen : staged();
  chosen = before.includes(name) ? [name] : [...before.slice(-1), name];
  write();
  changed();
}

/** Show the next chart (1) or the one before (-1) in place of the one that was chosen last. @param {number} way */
export function move(way) {
  const before = chosen.length ? chosen : staged();
  const [last, others] = [before.at(-1), before.slice(0, -1)];
  const free = offered.filter((name) => !others.includes(name));
  const place = free.indexOf(last ?? "") + way;
  chosen = [...others, free[(place + free.length) % free.length]];
  write();
  changed();
}

/** The state in the address, which Streamlit reads at its next run of the script. */
function write() {
  const address = new URL(location.href);
  if (on) address.searchParams.set(NAME, chosen.join(",") || "1");
  else address.searchParams.delete(NAME);
  history.replaceState(history.state, "", address);
}

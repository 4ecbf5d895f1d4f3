/** What benchmarks and browser tests look at: `window.__panda`, and an event on the document after each frame. */

/** @import { Frame, FrameRecord } from "./types.js" */

const KEPT = 200;

/** @type {FrameRecord} */
const EMPTY = { frames: 0, lastSettings: null, lastStep: null, drawTimes: [], onframe: new Set() };
const record = (window.__panda ??= EMPTY);

/** Record that a frame was drawn, and how many milliseconds that took.
 * @param {Frame} frame
 * @param {number} milliseconds
 */
export function measured(frame, milliseconds) {
  record.frames += 1;
  record.lastSettings = frame.status.settings;
  record.lastStep = frame.status.step;
  record.drawTimes.push(milliseconds);
  if (record.drawTimes.length > KEPT) record.drawTimes.shift();
  const detail = { step: frame.status.step, settings: frame.status.settings, seq: frame.seq };
  record.onframe.forEach((listener) => listener(detail));
  document.dispatchEvent(new CustomEvent("panda-frame", { detail }));
}

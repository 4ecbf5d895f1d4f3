/** Going to a step of the run. It asks for one step at a time, and what is wanted meanwhile follows once a frame has come. */

/** @import { Command, RunStatus } from "./types.js" */
/** @typedef {ReturnType<typeof seek>} Seek */

/** `to(step)` shows a step and `walk(by)` one that many further on; `leave()` shows the run where it stands; `show(status)`
 * takes the answers; `wanted()` is the step that was asked for, null once the run shows it. `command` sends a message.
 * @param {Command} command
 */
export function seek(command) {
  /** @type {RunStatus | null} */
  let status = null;
  /** @type {number | null} */
  let held = null; // the step that is wanted, until the run shows it
  /** @type {number | null} */
  let asked = null; // the step that was asked for last
  let waiting = false; // no frame has come since then
  let patient = false; // the next step is asked for only when the run shows the last, so that a held key can be followed

  /** @param {number | null} step */
  function ask(step) {
    asked = step;
    waiting = true;
    command({ type: "look", step: step !== null && step >= (status?.head ?? 0) ? null : step });
  }

  /** @param {number} step */
  function to(step) {
    held = step;
    patient = false;
    if (!waiting) ask(step);
  }

  /** Counted from the step that was asked for last: until the run is there, its own steps are those of a replay. A run
   * that plays is paused; past its present step it is trained.
   * @param {number} by 1 or -1 */
  function walk(by) {
    if (!status) return;
    const step = (held ?? status.step) + by;
    if (status.playing) command({ type: "pause" });
    else if (step > status.head) command({ type: "step" });
    else if (step >= 0) {
      const free = held === null;
      held = step;
      patient = true;
      if (free) ask(step);
    }
  }

  function leave() {
    held = null;
    ask(null);
  }

  /** @param {RunStatus} next */
  function show(next) {
    status = next;
    waiting = false;
    const there = next.step === Math.min(asked ?? next.head, next.head) || !next.looking;
    if (held === null) return;
    if (held === asked) held = there ? null : held;
    else if (there || !patient) ask(held);
  }

  return { to, walk, leave, show, wanted: () => held };
}

/** When a frame is drawn: with the screen's next refresh, or a second later in a hidden tab. */

const HIDDEN_PACE = 1000; // ms between the frames of a hidden tab

/** `schedule()` sees to it that `draw` is called once, at its time; `stop()` is for good.
 * @param {() => void} draw
 */
export function pace(draw) {
  let due = false;
  let cancel = () => {};

  function schedule() {
    cancel();
    due = true;
    if (document.hidden) {
      const timer = setTimeout(run, HIDDEN_PACE);
      cancel = () => clearTimeout(timer);
    } else {
      const request = requestAnimationFrame(run);
      cancel = () => cancelAnimationFrame(request);
    }
  }

  function run() {
    due = false;
    draw();
  }

  /** The tab was hidden or shown again. */
  function seen() {
    if (due) schedule();
  }

  function stop() {
    cancel();
    document.removeEventListener("visibilitychange", seen);
  }

  document.addEventListener("visibilitychange", seen);
  return { schedule, stop };
}

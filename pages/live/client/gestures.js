/** Numbers of gestures: nudges with the same number are one, for twin, journal and undo. */

const TOGETHER = 1000; // ms between two presses of a key that belong together

let last = Date.now() % 1e9; // starts at another number on another page of the same run

/** The gestures of one dial. `now()` are milliseconds. */
export function gestures(now = () => performance.now()) {
  let number = 0;
  let pressed = -Infinity; // when the last key of this gesture was

  /** A drag, or a typed value. */
  function begin() {
    number = last += 1;
    pressed = -Infinity;
  }

  /** A key: it goes on with the gesture of one that was pressed within the last second. Returns whether it does. */
  function press() {
    const goesOn = now() - pressed <= TOGETHER;
    if (!goesOn) begin();
    pressed = now();
    return goesOn;
  }

  return { begin, press, current: () => number };
}

/** The timeline under the bar: all steps of the run, its nudges as ticks, and a thumb that goes back to any step. */
import { attribute, element, write } from "./dom.js";
import { number } from "./format.js";

/** @import { Seek } from "./seek.js" */
/** @import { RunStatus } from "./types.js" */

const WIDE = 1000; // width of the drawing of the ticks
const SVG = "http://www.w3.org/2000/svg";

/** The row of elements, and `show(status)` that brings it up to date. `seek` goes to steps.
 * @param {Seek} seek
 */
export function timeline(seek) {
  let head = 0;
  let looking = false;
  let marked = "";

  const range = element("input", { type: "range", min: 0, max: 0, step: 1, "aria-label": "Step to look at" });
  const ticks = document.createElementNS(SVG, "path");
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", `0 0 ${WIDE} 8`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  drawing.append(ticks);
  const words = element("output", { class: "panda-when" });
  const back = element("button", {
    type: "button", class: "panda-button", text: "Back to now", title: "Leave the past: show the run where it stands",
    on: { click: seek.leave },
  });
  const track = element("span", { class: "panda-track" }, range, drawing);
  const node = element("div", { class: "panda-timeline", role: "group", "aria-label": "Timeline" }, track, words, back);

  range.addEventListener("input", () => {
    tell(Number(range.value));
    seek.to(Number(range.value));
  });

  /** @param {number} step */
  function tell(step) {
    write(words, looking || step < head ? `step ${number(step)} of ${number(head)}` : "");
  }

  /** @param {RunStatus} status */
  function show(status) {
    ({ head, looking } = status);
    const held = seek.wanted();
    const step = held ?? status.step;
    const place = looking || held !== null ? step : head;
    range.max = String(head);
    range.value = String(place);
    node.style.setProperty("--panda-place", `${head ? (100 * place) / head : 0}%`);
    range.disabled = head === 0 || status.playing;
    attribute(range, "aria-valuetext", `step ${number(step)} of ${number(head)}`);
    node.classList.toggle("panda-past", looking);
    attribute(back, "disabled", !looking);
    tell(step);
    mark(status.marks ?? []);
  }

  /** @param {number[]} steps */
  function mark(steps) {
    const path = head ? steps.map((step) => `M${((WIDE * step) / head).toFixed(1)} 0V8`).join("") : "";
    if (path === marked) return;
    marked = path;
    ticks.setAttribute("d", path);
  }

  return { node, show };
}

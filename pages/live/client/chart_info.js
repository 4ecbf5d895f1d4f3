/** The "i" of a chart: what it shows, what to look for, and its rows of the course, above the page. */
import { element, freshId } from "./dom.js";

/** @import { ChartRow } from "./types.js" */

const [WIDE, GAP] = [320, 6]; // px

/** The button and what it opens; nothing for a chart without a guide.
 * @param {ChartRow} chart
 * @returns {HTMLElement[]}
 */
export function chartInfo({ title, summary, guide }) {
  if (!guide) return [];
  const id = freshId("about");
  const name = `About: ${title}`;
  const opens = { popover: "auto", role: "dialog", tabindex: -1, autofocus: true, "aria-label": name };
  const about = element("div", { class: "panda-about", id, ...opens },
    element("h4", { text: title }),
    element("p", { text: summary }),
    element("p", {}, element("b", { text: "What to look for: " }), guide.look_for),
    element("ul", { "aria-label": "Course" }, ...guide.course.map((text) => element("li", { text }))));
  const node = element("button", { type: "button", class: "panda-i", popovertarget: id, title: name,
    "aria-label": name });
  about.addEventListener("beforetoggle", () => place(about, node.getBoundingClientRect()));
  return [node, about];
}

/** Put `about` under what it belongs to, or above it, where there is more room.
 * @type {(about: HTMLElement, at: DOMRect) => void} */
function place(about, { left, top, bottom }) {
  const [width, height] = [document.documentElement.clientWidth, window.innerHeight];
  const wide = Math.min(WIDE, width - 16);
  const below = top + bottom < height;
  Object.assign(about.style, {
    width: `${wide}px`,
    left: `${Math.max(8, Math.min(left, width - wide - 8))}px`,
    top: below ? `${bottom + GAP}px` : "auto",
    bottom: below ? "auto" : `${height - top + GAP}px`,
    maxHeight: `${(below ? height - bottom : top) - GAP - 8}px`,
  });
}

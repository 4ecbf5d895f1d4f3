/** A chart on the whole window: its card is put into a dialog, and back when that closes. */
import { attribute, element, icon } from "./dom.js";

const CORNERS = "M2 6V2h4v1.5H3.5V6zM10 2h4v4h-1.5V3.5H10zM2 10h1.5v2.5H6V14H2zM12.5 10H14v4h-4v-1.5h2.5z";
const [WIDE, HIGH] = [640, 420]; // px of a window for which sizes are as in a card
const [LEAST, MOST] = [1.2, 2.4];

/** The button; `redraw()` is called when the card has another size and --panda-scale, `leave()` goes back.
 * @param {string} title
 * @param {() => void} redraw
 */
export function fullScreen(title, redraw) {
  const node = element("button", { type: "button", class: "panda-full", on: {
    click: () => (dialog.open ? dialog.close() : enter()) } }, icon(CORNERS));
  const dialog = element("dialog", { class: "panda-screen", "aria-label": title, tabindex: -1 });
  dialog.addEventListener("close", restore);
  const holder = element("div", { class: "panda-held" }, dialog);
  say(`Full screen: ${title}`);

  function enter() {
    const card = /** @type {HTMLElement} */ (node.closest(".panda-card"));
    holder.style.height = `${card.offsetHeight}px`;
    card.replaceWith(holder);
    dialog.append(card);
    dialog.showModal();
    dialog.focus();
    say("Leave full screen (Esc)");
    const room = Math.min(window.innerWidth / WIDE, window.innerHeight / HIGH);
    card.style.setProperty("--panda-scale", String(Math.min(MOST, Math.max(LEAST, room))));
    redraw();
  }

  function restore() {
    const card = /** @type {HTMLElement | null} */ (dialog.firstElementChild);
    if (!card) return;
    holder.replaceWith(card);
    say(`Full screen: ${title}`);
    card.style.removeProperty("--panda-scale");
    redraw();
    node.focus({ preventScroll: true });
  }

  /** @param {string} words */
  function say(words) {
    attribute(node, "title", words);
    attribute(node, "aria-label", words);
  }

  function leave() {
    dialog.close();
    restore();
  }

  return { node, leave };
}

/** A QR code that opens this run on a phone, to be watched only. The server draws it: see live/server/phone.py. */
import { element, write } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4; // modules of white around a code, as its standard asks for
const FAILED = "The server did not answer, so there is no QR code.";

/** @typedef {{ shown: string, rows: string[], sentence: string }} Code */

/** The code's place on the page: `toggle(path)` shows or hides the code that the server has at `path`. */
export function phone() {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", "QR code: opens this run on a phone");
  const words = element("figcaption", { role: "status" });
  const node = element("figure", { class: "panda-phone", hidden: true }, words);
  let loaded = "";

  /** @param {string} path */
  async function load(path) {
    loaded = path;
    const url = new URL(path, location.href);
    url.searchParams.set("at", location.origin + location.pathname);
    /** @type {Code} */
    const code = await fetch(url).then((answer) => answer.json())
      .catch(() => ({ shown: "", rows: [], sentence: FAILED }));
    if (path === loaded) show(code);
    if (code.sentence === FAILED) loaded = "";
  }

  /** @param {Code} code */
  function show({ shown, rows, sentence }) {
    write(words, sentence || `Watch on a phone: ${shown}`);
    if (!rows.length) return drawing.remove();
    const side = rows.length + 2 * QUIET;
    drawing.setAttribute("viewBox", `${-QUIET} ${-QUIET} ${side} ${side}`);
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outline(rows));
    drawing.replaceChildren(path);
    node.prepend(drawing);
  }

  /** @param {string} path */
  function toggle(path) {
    node.hidden = !node.hidden;
    if (!node.hidden && path !== loaded) load(path);
    return !node.hidden;
  }

  return { node, toggle, hide: () => { node.hidden = true; } };
}

/** A square for each 1 of the rows, as an SVG path. @param {string[]} rows */
export function outline(rows) {
  return rows.flatMap((row, y) => [...row].map((one, x) => (one === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
}

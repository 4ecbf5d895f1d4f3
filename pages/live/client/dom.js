/** Making elements, and updating them only where something changed. */

/** @typedef {string | number | boolean | null | undefined} Attribute */
/** @typedef {{ [event in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[event]) => void }} Listeners */

/** A new element: `props` are attributes, except `on` (listeners by event) and `text`.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {{ on?: Listeners, [name: string]: Attribute | Listeners }} props
 * @param {(Node | string | false | null | undefined)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, props = {}, ...children) {
  const { on = {}, text, ...attributes } = props;
  const node = document.createElement(tag);
  for (const [event, listener] of Object.entries(on)) {
    node.addEventListener(event, /** @type {EventListener} */ (listener));
  }
  if (text !== undefined) node.textContent = /** @type {string} */ (text);
  for (const [name, value] of Object.entries(attributes)) attribute(node, name, /** @type {Attribute} */ (value));
  node.append(...children.flatMap((child) => child || []));
  return node;
}

/** An icon from one SVG path on a 16 by 16 grid, in the colour of the text.
 * @param {string} path
 */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "panda-icon");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** Set a text, touching the page only where it differs.
 * @param {Element} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set or remove an attribute, touching the page only where it differs.
 * @param {Element} node
 * @param {string} name
 * @param {Attribute} value
 */
export function attribute(node, name, value) {
  const wanted = value === false || value === null || value === undefined ? null : value === true ? "" : String(value);
  if (node.getAttribute(name) === wanted) return;
  if (wanted === null) node.removeAttribute(name);
  else node.setAttribute(name, wanted);
}

let ids = 0;

/** An id that no other element of the page has.
 * @param {string} stem
 */
export function freshId(stem) {
  ids += 1;
  return `panda-${stem}-${ids}`;
}

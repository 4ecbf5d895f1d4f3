/** Making elements, and updating them only where something changed. */

/** A new element: `props` are attributes, except `on` (listeners by event) and `text`. */
export function element(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") Object.entries(value).forEach(([event, listener]) => node.addEventListener(event, listener));
    else if (name === "text") node.textContent = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** An icon from one SVG path on a 16 by 16 grid, in the colour of the text. */
export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "panda-icon");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(svg.namespaceURI, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** Set a text, touching the page only where it differs. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set or remove an attribute, touching the page only where it differs. */
export function attribute(node, name, value) {
  const wanted = value === false || value === null || value === undefined ? null : value === true ? "" : String(value);
  if (node.getAttribute(name) === wanted) return;
  if (wanted === null) node.removeAttribute(name);
  else node.setAttribute(name, wanted);
}

let ids = 0;

/** An id that no other element of the page has. */
export function freshId(stem) {
  ids += 1;
  return `panda-${stem}-${ids}`;
}

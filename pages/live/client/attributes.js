/** Attributes of traces and layouts by their path ("marker.color"). */

/** @typedef {Record<string, unknown>} Holder */

/** Set `holder.path`. @type {(holder: Holder, path: string, value: unknown) => void} */
export function assign(holder, path, value) {
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  for (const step of steps) holder = /** @type {Holder} */ (holder[step] ??= {});
  holder[last] = value;
}

/** Set `holder.path`, without touching objects that others hold; false where it has that content already.
 * @type {(holder: Holder, path: string, value: unknown) => boolean} */
export function put(holder, path, value) {
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  for (const step of steps) holder = holder[step] = { .../** @type {Holder} */ (holder[step]) };
  if (same(holder[last], value)) return false;
  holder[last] = value;
  return true;
}

/** Whether two values have the same content. @type {(a: unknown, b: unknown) => boolean} */
function same(a, b) {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (!isList(a) || !isList(b) || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!same(a[i], b[i])) return false;
  return true;
}

/** An array or a typed array. @type {(value: unknown) => value is ArrayLike<unknown>} */
function isList(value) {
  return typeof value === "object" && value !== null && "length" in value;
}

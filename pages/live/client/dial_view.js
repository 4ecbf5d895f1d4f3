/** The elements of a dial, and what is written to them. */
import { capital, rangeText } from "./dial_text.js";
import { attribute, element, freshId, write } from "./dom.js";
import { shown } from "./format.js";
import { placeOf } from "./scales.js";

/** @import { DialRow } from "./types.js" */

export const NOTCHES = 1000; // places of a range input

/** The elements of a dial: `paint` shows a value, `tell` the line under it, `complain` what is wrong with a typed text.
 * @param {DialRow} row
 */
export function layOut(row) {
  const [label, help, note] = [freshId("label"), freshId("help"), freshId("note")];
  const name = element("span", { class: "panda-name", id: label },
    row.symbol && element("span", { class: "panda-symbol", text: row.symbol }),
    element("span", { text: row.symbol ? row.label : capital(row.label) }));
  const tip = element("span", { class: "panda-tip", id: help, role: "tooltip", text: row.help });
  const about = { type: "button", title: row.help, "aria-label": `About ${row.label}`, "aria-describedby": help };
  const info = element("span", { class: "panda-info" }, element("button", { ...about, text: "i" }), tip);
  const props = { "aria-labelledby": label, "aria-label": row.label, "aria-describedby": `${help} ${note}` };
  const typed = { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false" };
  const field = element("input", { ...typed, ...props });
  const range = element("input", { type: "range", min: 0, max: NOTCHES, step: 1, ...props });
  const below = element("span", { class: "panda-note", id: note });
  const ends = element("span", { class: "panda-range", text: rangeText(row).replace(" to ", " – ") });
  const foot = element("div", { class: "panda-foot" }, below, ends);
  const wrong = element("p", { class: "panda-wrong", role: "alert" });
  const node = element("div", { class: "panda-dial", role: "group", "aria-labelledby": label },
    element("div", { class: "panda-head" }, name, field, info), range, foot, wrong);

  /** @type {(value: number, typing: boolean) => void} */
  function paint(value, typing) {
    const place = placeOf(row, value);
    const text = shown(value);
    const notch = Math.round(place * NOTCHES);
    if (notch !== Number(range.value)) range.value = String(notch);
    node.style.setProperty("--panda-place", `${(100 * place).toFixed(1)}%`);
    attribute(range, "aria-valuetext", text);
    if (!typing && field.value !== text) field.value = text;
  }

  /** @type {(line: string, idle: boolean) => void} */
  function tell(line, idle) {
    write(below, line);
    node.classList.toggle("panda-idle", idle);
  }

  /** @param {string} sentence */
  function complain(sentence) {
    write(wrong, sentence);
    attribute(field, "aria-invalid", sentence ? "true" : null);
  }

  return { node, range, field, paint, tell, complain };
}

/** The field for where the run pauses by itself: at a step, after so many epochs, or at a loss. */
import { attribute, element } from "./dom.js";

/** @import { Command, Message, RunStatus } from "./types.js" */
/** @typedef {"step" | "epochs" | "loss"} Kind */

/** What each kind is called, and what it takes. @type {Record<Kind, { name: string, takes: string }>} */
const KINDS = {
  step: { name: "Stop at step", takes: "A whole number of steps" },
  epochs: { name: "Stop after epochs", takes: "A whole number of epochs" },
  loss: { name: "Stop at loss", takes: "An averaged loss above 0" },
};
const HELP = "The run pauses by itself at this step, at the end of this epoch, or once the averaged loss of the "
  + "mini-batches is down to this; empty: never";

/** The message for a typed text, nothing for no stop; or the sentence that says what is wrong with it.
 * @type {(kind: Kind, text: string) => Message | string} */
export function stopMessage(kind, text) {
  const typed = text.trim();
  if (typed === "") return { type: "stop_at" };
  const whole = kind !== "loss";
  const value = Number(whole ? typed.replaceAll(/[,\s]/g, "") : typed.replace(/^(\d+),(\d+)$/, "$1.$2"));
  const sound = value > 0 && Number.isFinite(value) && (!whole || Number.isInteger(value));
  return sound ? { type: "stop_at", [kind]: value } : `${KINDS[kind].takes}, or nothing for no stop.`;
}

/** The choice and the field, with how far the run is on its way there. @param {Command} command */
export function stopField(command) {
  /** @type {RunStatus["stop"]} */
  let wanted = null;
  const choice = element("select", { title: HELP, "aria-label": "Stop by", on: { change: turn } },
    ...Object.entries(KINDS).map(([value, { name }]) => element("option", { value, text: name })));
  const input = element("input", {
    type: "text", inputmode: "decimal", autocomplete: "off", placeholder: "never", "aria-label": KINDS.step.name,
    on: { change: commit, keydown: (event) => { if (event.key === "Enter") input.blur(); } },
  });
  const progress = element("progress", { max: 1, value: 0, "aria-label": "On the way to the stop" });
  const node = element("div", { class: "panda-stop" }, choice, element("span", {}, input, progress));
  const kind = () => /** @type {Kind} */ (choice.value);

  /** Another kind: a stop of the old kind is taken back. */
  function turn() {
    attribute(input, "aria-label", KINDS[kind()].name);
    attribute(input, "aria-invalid", null);
    input.title = "";
    input.value = "";
    if (wanted) command({ type: "stop_at" });
  }

  function commit() {
    const message = stopMessage(kind(), input.value);
    const wrong = typeof message === "string";
    attribute(input, "aria-invalid", wrong ? "true" : null);
    input.title = wrong ? message : "";
    if (!wrong) command(message);
  }

  function recall() {
    const text = wanted && wanted.by === kind() ? String(wanted.at) : "";
    if (input.value !== text) input.value = text;
  }

  /** @param {RunStatus} status */
  function show({ stop }) {
    const news = stop && (stop.by !== wanted?.by || stop.at !== wanted.at);
    wanted = stop ?? null;
    if (news && stop.by !== kind()) {
      choice.value = stop.by;
      attribute(input, "aria-label", KINDS[stop.by].name);
    }
    if (document.activeElement !== input && input.getAttribute("aria-invalid") !== "true") recall();
    progress.classList.toggle("panda-quiet", wanted?.share === undefined || wanted.share === null);
    progress.value = wanted?.share ?? 0;
  }

  return { node, show, recall };
}

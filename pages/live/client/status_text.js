/** A line of text that changes while a run trains: `status.words` under the name that the page gives. */
import { element, write } from "./dom.js";

/** @import { Part, Status, StatusTextData } from "./types.js" */

/** The part "status-text" in `root`.
 * @param {HTMLElement} root
 * @returns {Part<Status, StatusTextData>}
 */
export function statusText(root) {
  const text = element("p", { class: "panda-words", role: "status" });
  let name = "";
  root.append(text);
  /** @param {{ status: Status }} frame */
  const frame = ({ status }) => write(text, status.words?.[name] ?? "");

  return {
    update({ data }, { status }) {
      name = data.name;
      if (status) frame({ status });
      else write(text, data.now);
    },
    listens: { frame },
  };
}

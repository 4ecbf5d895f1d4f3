/** A line of text about the run that changes while it trains: `status.words[name]`. */
import { element, write } from "./dom.js";

/** The part "words" in `root`. */
export function words(root) {
  const text = element("p", { class: "panda-words", role: "status" });
  let name = "";
  root.append(text);
  const frame = ({ status }) => write(text, status.words?.[name] ?? "");

  function update({ data }, channel) {
    name = data.name;
    if (channel.status) frame(channel);
    else write(text, data.now);
  }

  return { update, listens: { frame } };
}

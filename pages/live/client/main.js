/** The live parts of a page: a bar that plays the run, dials that nudge it, charts that show it.
 *
 * `mount(component)` is called at each rerun of the page's script; it builds a part once, then updates it.
 */
import { channelOf } from "./websocket.js";
import { charts } from "./charts.js";
import { dials } from "./dials.js";
import { localChannel } from "./script_channel.js";
import { leaders, search } from "./search_bar.js";
import { side } from "./lab_bar.js";
import { transport } from "./run_bar.js";
import { words } from "./status_text.js";

const PARTS = { transport, dials, charts, words, search, leaders, side };
const STALE_AFTER = 400; // ms that the page's own widgets may lag behind before they are asked to follow

const TOLD_AT_MOST = 5; // times

const mounted = new WeakMap(); // parent element -> part

/** Resolves when the style sheet is there. Parts are mounted after it, so that none is seen without its style. It is not
 * awaited here: WebKit hands a module with a top-level await to its later importers before its exports exist. */
export const styled = stylesheet();

/** Build or update the part in `component.parentElement`; the function given back removes it. */
export function mount(component) {
  const host = component.parentElement;
  if (!mounted.has(host)) mounted.set(host, begin(component));
  mounted.get(host).update(component);
  return () => {
    mounted.get(host)?.remove();
    mounted.delete(host);
  };
}

/** A part and its place in a channel; the channel changes when the page shows another run. */
function begin({ parentElement, data }) {
  const root = document.createElement("div");
  root.className = `panda-part panda-${data.part}`;
  parentElement.append(root);
  const part = PARTS[data.part](root);
  const follow = follower();
  let leave = null;
  let token = null;
  let removed = false;
  const local = data.socket ? null : localChannel();

  /** A part of a lab: the page's script answers, there is no run. */
  function updateLocal(component) {
    if (removed) return;
    leave ??= local.join(part.listens);
    part.update(component, local);
    local.answer(component);
  }

  function update(component) {
    if (removed) return;
    const channel = channelOf(component.data.token, component.data.socket);
    channel.look(component.data.sight ?? {});
    root.classList.toggle("panda-watching", Boolean(component.data.watching));
    root.inert = Boolean(component.data.watching) && component.data.part === "dials";
    part.update(component, channel);
    follow.expect(component);
    if (token === component.data.token) return channel.refresh();
    leave?.();
    token = component.data.token;
    leave = channel.join({ ...part.listens, frame: hear });
  }

  function hear(frame) {
    part.listens.frame(frame);
    follow.compare(frame.status);
  }

  function remove() {
    removed = true;
    leave?.();
    follow.stop();
    part.remove?.();
    root.remove();
  }

  return { update: local ? updateLocal : update, remove };
}

/** Tells the page's script when the page's own widgets no longer show the run's values. Of two such calls at
 * the same moment the script may miss one, so it is told again a few times as long as nothing has come of it. */
function follower() {
  let component = null;
  let last = null;
  let timer = 0;
  let told = 0;

  const differs = () => Object.entries(component.data.watch ?? {})
    .some(([name, value]) => name in last && last[name] !== value);

  function compare({ settings, watch }) {
    last = { ...settings, ...watch };
    if (!differs()) rest();
    else if (!told && !timer) timer = setTimeout(tell, STALE_AFTER);
  }

  function tell() {
    timer = 0;
    if (!differs() || told === TOLD_AT_MOST) return;
    told += 1;
    component.setTriggerValue("stale", `${told} ${JSON.stringify(last)}`);
    timer = setTimeout(tell, 4 * STALE_AFTER);
  }

  function rest() {
    clearTimeout(timer);
    timer = told = 0;
  }

  /** Widgets that show other values than before are compared afresh. */
  function expect(next) {
    const changed = JSON.stringify(next.data.watch) !== JSON.stringify(component?.data.watch);
    component = next;
    if (changed) rest();
  }

  return { compare, expect, stop: rest };
}

/** The style sheet beside this file, once for the page; resolves when it is there. */
function stylesheet() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("live.css", import.meta.url).href;
  document.head.append(link);
  return new Promise((resolve) => { link.onload = link.onerror = resolve; });
}

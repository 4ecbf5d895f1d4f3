/** The live parts of a page: a bar that plays the run, dials that nudge it, charts that show it.
 *
 * `mount(component)` is called at each rerun of the page's script; it builds a part once, then updates it.
 */
import { channelOf } from "./websocket.js";
import { charts } from "./charts.js";
import { dials } from "./dials.js";
import { helpedPart } from "./helped.js";
import { localChannel } from "./script_channel.js";
import { leaders, searchBar } from "./search_bar.js";
import { labBar } from "./lab_bar.js";
import { runBar } from "./run_bar.js";
import { statusText } from "./status_text.js";

/** @import { Component, Frame, PageData, Part, Scalar, ScriptData, Status } from "./types.js" */
/** @typedef {Component<PageData | ScriptData>} AnyComponent */
/** @typedef {{ update(component: AnyComponent): void, leave(): void }} Source */

/** By the names that Python uses (component.py), which sends each part its own data.
 * @type {Record<string, (root: HTMLElement) => Part>} */
const PARTS = {
  "run-bar": runBar, dials, charts, "status-text": statusText, helped: helpedPart, "search-bar": searchBar, leaders, "lab-bar": labBar,
};
const INERT = new Set(["dials", "helped"]); // parts that do nothing for somebody who only watches
const UNSTYLED_AFTER = 5000; // ms after which parts are shown although their style sheet has not come
const STALE_AFTER = 400; // ms after which page widgets that show an old value are updated

const TOLD_AT_MOST = 5; // times

/** By parent element. @type {WeakMap<HTMLElement, { update(component: AnyComponent): void, remove(): void }>} */
const mounted = new WeakMap();

/** Resolves when the style sheet is loaded. Parts are mounted after that, so that none is seen unstyled. It is not
 * awaited here: WebKit hands a module with a top-level await to its later importers before its exports exist. */
export const styled = Promise.race([Promise.all(["live.css", "present.css"].map(stylesheet)), new Promise((resolve) => { setTimeout(resolve, UNSTYLED_AFTER); })]);

/** Build or update the part in `component.parentElement`; returns a function that removes it.
 * @param {AnyComponent} component
 */
export function mount(component) {
  const host = component.parentElement;
  const part = mounted.get(host) ?? begin(component);
  mounted.set(host, part);
  part.update(component);
  return () => {
    mounted.get(host)?.remove();
    mounted.delete(host);
  };
}

/** A part in its own element, fed by a run on the server or by the page's script.
 * @param {AnyComponent} component
 */
function begin({ parentElement, data }) {
  const root = document.createElement("div");
  root.className = `panda-part panda-${data.part}`;
  parentElement.append(root);
  const part = PARTS[data.part](root);
  const source = data.socket ? fromRun(part, root) : fromScript(part);
  let removed = false;

  /** @param {AnyComponent} component */
  function update(component) {
    if (!removed) source.update(component);
  }

  function remove() {
    removed = true;
    source.leave();
    part.remove?.();
    root.remove();
  }

  return { update, remove };
}

/** A part of a lab: the page's script answers, there is no run.
 * @param {Part} part
 * @returns {Source}
 */
function fromScript(part) {
  const channel = localChannel();
  const leave = channel.join(part.listens);

  /** @param {Component<ScriptData>} component */
  function update(component) {
    part.update(component, channel);
    channel.answer(component);
  }

  return { update, leave };
}

/** A part of a run; its channel changes when the page shows another run.
 * @param {Part} part
 * @param {HTMLElement} root
 * @returns {Source}
 */
function fromRun(part, root) {
  const follow = follower();
  let leave = () => {};
  /** @type {string | null} */
  let token = null;

  /** @param {Component<PageData>} component */
  function update(component) {
    const channel = channelOf(component.data.token, component.data.socket);
    channel.look(component.data.sight ?? {});
    root.classList.toggle("panda-watching", Boolean(component.data.watching));
    root.inert = Boolean(component.data.watching) && INERT.has(component.data.part);
    part.update(component, channel);
    follow.expect(component);
    if (token === component.data.token) return channel.refresh();
    leave();
    token = component.data.token;
    leave = channel.join({ ...part.listens, frame: hear });
  }

  /** @param {Frame} frame */
  function hear(frame) {
    part.listens.frame(frame);
    follow.compare(frame.status);
  }

  return { update, leave: () => { leave(); follow.stop(); } };
}

/** Tells the page's script when the page's own widgets show something that is no longer true of the run. The script may
 * miss one of two such calls at the same moment, so the call is repeated a few times until the widgets are right. */
function follower() {
  /** @type {Component<PageData> | null} */
  let component = null;
  /** What is true of the run. @type {Record<string, Scalar>} */
  let last = {};
  let timer = 0;
  let told = 0;

  const differs = () => Object.entries(component?.data.watch ?? {})
    .some(([name, value]) => name in last && last[name] !== value);

  /** @param {Status} status */
  function compare({ settings, watch }) {
    last = { ...settings, ...watch };
    if (!differs()) rest();
    else if (!told && !timer) timer = setTimeout(tell, STALE_AFTER);
  }

  function tell() {
    timer = 0;
    if (!differs() || told === TOLD_AT_MOST) return;
    told += 1;
    component?.setTriggerValue("stale", `${told} ${JSON.stringify(last)}`);
    timer = setTimeout(tell, 4 * STALE_AFTER);
  }

  function rest() {
    clearTimeout(timer);
    timer = told = 0;
  }

  /** Start again when the widgets show other values than before. @param {Component<PageData>} next */
  function expect(next) {
    const changed = JSON.stringify(next.data.watch) !== JSON.stringify(component?.data.watch);
    component = next;
    if (changed) rest();
  }

  return { compare, expect, stop: rest };
}

/** A style sheet beside this file, once for the page; a promise that resolves when it is loaded.
 * @param {string} name */
function stylesheet(name) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(name, import.meta.url).href;
  document.head.append(link);
  return new Promise((resolve) => { link.onload = link.onerror = resolve; });
}

/** One websocket for each run on the page, and the one frame loop that all its parts share.
 *
 * The page sets the pace: it asks for the next frame when it begins to draw the last one, so a slow screen never builds
 * a queue. A hidden tab asks once a second and draws no chart.
 */
import { audience } from "./audience.js";
import { connection } from "./connection.js";
import { due } from "./due.js";
import { unpack } from "./frames.js";
import { measured } from "./hooks.js";
import { keeper } from "./kept.js";
import { obstacle } from "./obstacle.js";
import { pace } from "./pace.js";

/** @import { Channel, ErrorMessage, Fate, Frame, LinkState, Listener, Message } from "./types.js" */

const BLOCKED_AFTER = 5000; // ms without a first connection, after which the page says what is in the way
const LINGER = 1500; // ms that a channel stays open without parts, for a page that is being redrawn

const NOT_SENT = "Not sent: there is no connection.";
/** @type {Partial<Record<LinkState, [string, string]>>} */
const WAITS = { // states in which messages are kept: what to say without and with kept messages
  connecting: ["", "Connecting… Your changes will follow."],
  lost: ["Connection lost, trying again…", "Connection lost, trying again… Your changes will follow."],
};

/** @type {Map<string, WebsocketChannel>} */
const channels = new Map();

/** What main.js needs of a channel beside what parts see.
 * @typedef {Channel & {
 *   sight: object,
 *   link: [LinkState, string],
 *   join(part: Listener): () => void,
 *   look(sight: object): void,
 *   refresh(): void,
 * }} WebsocketChannel
 */

/** The channel of a run: the same object for every part with this token.
 * @type {(token: string, path: string) => WebsocketChannel} */
export function channelOf(token, path) {
  const channel = channels.get(token) ?? create(token, path);
  channels.set(token, channel);
  return channel;
}

/** The channel of one run, and the parts that listen to it.
 * @type {(token: string, path: string) => WebsocketChannel} */
function create(token, path) {
  const parts = audience();
  const connected = connection(path, { wanted, opened, received, lost });
  const drawing = pace(draw);
  /** @type {WebsocketChannel} */
  const self = { status: null, seq: 0, sight: {}, link: ["connecting", ""], join, send, kept: () => kept.list(), look,
    refresh, forget };
  let outstanding = 0; // number of the frame that was asked for and has not arrived
  /** @type {Frame | null} */
  let arrived = null; // a frame that is not drawn yet
  let blocked = ""; // what is in the way of the first connection
  let leaveTimer = 0;
  let turn = 0;
  /** @type {Map<string, number | undefined>} */
  let drawn = new Map(); // chart name -> step that it shows
  let anew = false; // a chart was built again and is empty
  const doubt = setTimeout(() => obstacle(path).then(explain), BLOCKED_AFTER);
  const kept = keeper(({ id }) => {
    parts.say({ sentence: NOT_SENT, id });
    waiting(self.link[0]);
  });

  /** Whether somebody looks, or something waits to be sent. */
  const needed = () => !parts.isEmpty() || kept.list().length > 0;

  function wanted() {
    return self.link[0] !== "gone" && needed();
  }

  function opened() {
    clearTimeout(doubt);
    blocked = "";
    tell("open");
    kept.take().forEach(send);
    ask();
  }

  /** @param {string} sentence - what is in the way, "" if nothing is */
  function explain(sentence) {
    if (connected.isOpen()) return;
    blocked = sentence;
    waiting(self.link[0]);
  }

  function lost() {
    outstanding = 0;
    drawn = new Map();
    if (wanted()) waiting("lost");
  }

  /** @param {string | ArrayBuffer} message */
  function received(message) {
    if (typeof message === "string") return answer(JSON.parse(message));
    arrived = unpack(message);
    if (arrived.seq >= outstanding) outstanding = 0;
    drawing.schedule();
  }

  /** @param {{ type: "gone" | "error" } & ErrorMessage} message */
  function answer(message) {
    if (message.type === "gone") {
      tell("gone", message.sentence);
      connected.close();
    } else if (message.type === "error") parts.say(message);
  }

  function draw() {
    const frame = arrived;
    arrived = null;
    if (!frame) return;
    const start = performance.now();
    self.status = frame.status;
    Object.keys(frame.charts).forEach((name) => drawn.set(name, frame.status.step));
    ask(); // the server makes the next frame while this one is drawn
    parts.each((part) => part.frame(frame));
    measured(frame, performance.now() - start);
  }

  function ask() {
    if (!connected.isOpen() || outstanding || arrived || parts.isEmpty()) return;
    outstanding = self.seq += 1;
    turn += 1;
    connected.send({ type: "frame", charts: charts(), seq: self.seq, anew, sight: self.sight });
    anew = false;
  }

  /** Names of the charts of the next frame. */
  function charts() {
    return document.hidden ? [] : due(parts.charts(), turn, Boolean(self.status?.playing), drawn);
  }

  /** Ask again, in place of the request that waits: the list of charts of a paused run has changed, or a part has come
   * back to a channel without parts. */
  function refresh() {
    if (!self.status?.playing) outstanding = 0;
    ask();
  }

  /** The page chose to see something else: all charts have to be sent again. @param {object} sight */
  function look(sight) {
    if (JSON.stringify(sight) === JSON.stringify(self.sight)) return;
    self.sight = sight;
    drawn = new Map();
    anew = true;
  }

  /** A chart was built again and is empty: it has to be sent again. @param {string} name */
  function forget(name) {
    drawn.delete(name);
    anew = true;
  }

  /** Send a command, or keep it until there is a connection: "sent" or "kept". If neither is possible, the parts get an
   * error, and the result is "". @type {(message: Message) => Fate} */
  function send(message) {
    if (connected.send(message)) return "sent";
    if (self.link[0] in WAITS && kept.add(message)) {
      waiting(self.link[0]);
      return "kept";
    }
    parts.say({ sentence: NOT_SENT, id: message.id });
    return "";
  }

  /** @param {LinkState} state */
  function tell(state, sentence = "") {
    self.link = [state, sentence];
    parts.each((part) => part.link?.(state, sentence));
  }

  /** Where `state` waits for a connection: say so, and whether something is kept for it. @param {LinkState} state */
  function waiting(state) {
    const sentences = WAITS[state];
    if (sentences) tell(state, blocked || sentences[Number(kept.list().length > 0)]);
  }

  /** Add a part; returns a function that removes it. @param {Listener} part */
  function join(part) {
    clearTimeout(leaveTimer);
    parts.add(part);
    if (self.link[0] === "gone") self.link = ["connecting", ""];
    part.link?.(...self.link);
    connected.open();
    refresh();
    return () => {
      parts.remove(part);
      if (parts.isEmpty()) leaveTimer = setTimeout(leave, LINGER);
    };
  }

  /** Nobody looks any more: close, as soon as what was asked for is sent or given up. */
  function leave() {
    if (!parts.isEmpty()) return;
    if (needed()) {
      leaveTimer = setTimeout(leave, LINGER);
      return;
    }
    if (channels.get(token) === self) channels.delete(token);
    clearTimeout(doubt);
    connected.close();
    drawing.stop();
  }

  return self;
}

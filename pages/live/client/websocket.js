/** One websocket for each run on the page, and the one frame loop that all its parts share.
 *
 * The page sets the pace: the next frame is asked for when the last has been drawn, so a slow screen never builds
 * a queue, and a hidden tab asks once a second and draws no chart.
 */
import { unpack } from "./frames.js";
import { measured } from "./hooks.js";
import { keeper } from "./kept.js";

const FIRST_RETRY = 400; // ms; doubles at every failure
const LAST_RETRY = 8000;
const HIDDEN_PACE = 1000; // ms between the frames of a hidden tab
const LINGER = 1500; // ms that a channel outlives its last part: a page that is drawn anew finds it open

const NOT_SENT = "Not sent: there is no connection.";
const WAITS = { // states in which commands are kept: what is said of them without and with kept commands
  connecting: ["", "Connecting… Your changes will follow."],
  lost: ["Connection lost, trying again…", "Connection lost, trying again… Your changes will follow."],
};

const channels = new Map();

/** The channel of a run: the same object for every part with this token. */
export function channelOf(token, path) {
  if (!channels.has(token)) channels.set(token, create(token, path));
  return channels.get(token);
}

/** The hub of one run. A part is an object of listeners, all optional: frame(frame), link(state, sentence),
 * error(message), owns(id of a message), and wants() -> [{name, every, visible}]. */
function create(token, path) {
  const parts = new Set();
  const self = { status: null, seq: 0, sight: {}, join, send, say, look, refresh, forget, link: ["connecting", ""] };
  let socket = null;
  let outstanding = 0; // number of the frame that is asked for and not yet here
  let arrived = null; // a frame that is here and not yet drawn
  let cancelDraw = () => {};
  let retryAfter = FIRST_RETRY;
  let retryTimer = 0;
  let turn = 0;
  let drawn = new Map(); // chart name -> step that it shows
  let anew = false; // a chart was made anew and is empty
  const kept = keeper(({ id }) => {
    if (self.link[0] in WAITS) waiting(self.link[0]);
    say({ sentence: NOT_SENT, id });
  });

  function connect() {
    clearTimeout(retryTimer);
    if (socket || !parts.size) return;
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { tell("open"); kept.take().forEach(send); ask(); };
    socket.onmessage = (event) => receive(event.data);
    socket.onclose = lost;
  }

  function lost() {
    socket = null;
    outstanding = 0;
    drawn = new Map();
    if (self.link[0] === "gone" || !parts.size) return;
    waiting("lost");
    retryTimer = setTimeout(connect, retryAfter * (0.8 + 0.4 * Math.random()));
    retryAfter = Math.min(LAST_RETRY, retryAfter * 2);
  }

  function receive(message) {
    if (typeof message === "string") return answer(JSON.parse(message));
    retryAfter = FIRST_RETRY;
    arrived = unpack(message);
    if (arrived.seq >= outstanding) outstanding = 0;
    schedule();
  }

  function answer(message) {
    if (message.type === "gone") {
      tell("gone", message.sentence);
      socket?.close();
    } else if (message.type === "error") say(message);
  }

  /** Draw with the screen's next refresh, or a second later where nobody looks. */
  function schedule() {
    cancelDraw();
    if (document.hidden) {
      const timer = setTimeout(draw, HIDDEN_PACE);
      cancelDraw = () => clearTimeout(timer);
    } else {
      const request = requestAnimationFrame(draw);
      cancelDraw = () => cancelAnimationFrame(request);
    }
  }

  function draw() {
    const frame = arrived;
    arrived = null;
    if (!frame) return;
    const start = performance.now();
    self.status = frame.status;
    Object.keys(frame.charts).forEach((name) => drawn.set(name, frame.status.step));
    ask(); // the server makes the next frame while this one is drawn; it is not drawn before this one is
    for (const part of parts) attempt(() => part.frame?.(frame));
    measured(frame, performance.now() - start);
  }

  function ask() {
    if (socket?.readyState !== WebSocket.OPEN || outstanding || arrived || !parts.size) return;
    outstanding = self.seq += 1;
    turn += 1;
    socket.send(JSON.stringify({ type: "frame", charts: due(), seq: self.seq, anew, sight: self.sight }));
    anew = false;
  }

  /** The charts of the next frame. While training, a chart with every = 2 comes in every second frame, and such
   * charts take turns, so that no frame carries all the costly ones; a paused run shows all. */
  function due() {
    if (document.hidden) return [];
    const wanted = new Map();
    for (const part of parts) (part.wants?.() ?? []).forEach((chart) => wanted.set(chart.name, chart));
    const charts = [...wanted.values()];
    if (!self.status?.playing) return charts.map((chart) => chart.name);
    const rank = {};
    return charts.filter((chart) => {
      const every = chart.every || 1;
      rank[every] = (rank[every] ?? -1) + 1;
      return (chart.visible && (turn + rank[every]) % every === 0) || !drawn.has(chart.name);
    }).map((chart) => chart.name);
  }

  /** Ask anew, which replaces the request that waits: the list of charts has changed while a paused run waits, or a
   * part has come back to a channel that had nobody to ask for. */
  function refresh() {
    if (!self.status?.playing) outstanding = 0;
    ask();
  }

  /** What this page chose to see; what was drawn of something else has to be sent again. */
  function look(sight) {
    if (JSON.stringify(sight) === JSON.stringify(self.sight)) return;
    self.sight = sight;
    drawn = new Map();
    anew = true;
  }

  /** A chart was made anew: what it showed has to be sent again. */
  function forget(name) {
    drawn.delete(name);
    anew = true;
  }

  /** Send a command, or keep it until there is a connection: "sent" or "kept". What can be neither is answered by an
   * error, and the result is "". */
  function send(message) {
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify(message));
      return "sent";
    }
    if (self.link[0] in WAITS && kept.add(message)) {
      waiting(self.link[0]);
      return "kept";
    }
    say({ sentence: NOT_SENT, id: message.id });
    return "";
  }

  function tell(state, sentence = "") {
    self.link = [state, sentence];
    for (const part of parts) attempt(() => part.link?.(state, sentence));
  }

  /** There is no connection: say so, and whether something is kept for it. */
  function waiting(state) {
    tell(state, WAITS[state][Number(kept.any())]);
  }

  /** Show an error: the first part that knows its id takes it, otherwise every part that shows errors. */
  function say(message) {
    const owner = [...parts].find((part) => message.id !== undefined && part.owns?.(message.id));
    for (const part of owner ? [owner] : parts) attempt(() => part.error?.(message));
  }

  /** Add a part; what it gives back takes the part away again. */
  function join(part) {
    parts.add(part);
    if (self.link[0] === "gone") self.link = ["connecting", ""];
    part.link?.(...self.link);
    connect();
    refresh();
    return () => {
      parts.delete(part);
      if (!parts.size) setTimeout(leave, LINGER);
    };
  }

  function leave() {
    if (parts.size) return;
    channels.delete(token);
    clearTimeout(retryTimer);
    kept.take();
    cancelDraw();
    document.removeEventListener("visibilitychange", seen);
    socket?.close();
  }

  function seen() {
    if (arrived) schedule();
  }

  document.addEventListener("visibilitychange", seen);
  return self;
}

/** A part that fails must not stop the others. */
function attempt(action) {
  try {
    action();
  } catch (error) {
    console.error(error);
  }
}

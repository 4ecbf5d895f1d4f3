/** A websocket that is opened again, against a stand-in for the browser's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connection } from "../../pages/live/client/connection.js";

/** @import { TestContext } from "node:test" */

class Socket {
  static OPEN = 1;
  /** @type {Socket[]} */
  static all = [];
  readyState = 0;
  /** @type {string[]} */
  sent = [];
  onopen = () => {};
  onclose = () => {};
  /** @type {(event: { data: string | ArrayBuffer }) => void} */
  onmessage = () => {};

  /** @param {URL} url */
  constructor(url) {
    this.url = String(url);
    Socket.all.push(this);
  }

  /** @param {string} message */
  send(message) {
    this.sent.push(message);
  }

  open() {
    this.readyState = Socket.OPEN;
    this.onopen();
  }

  close() {
    this.readyState = 3;
    this.onclose();
  }
}

/** A connection under fake timers, and what it told. @param {TestContext} context */
function made(context, page = "http://here:1/panda") {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  context.mock.method(Math, "random", () => 0.5); // waits are then not spread
  Object.assign(globalThis, { location: { href: page, protocol: new URL(page).protocol }, WebSocket: Socket });
  Socket.all = [];
  /** @type {(string | ArrayBuffer)[]} */
  const told = [];
  const state = { wanted: true };
  const made = connection("/live/abc", {
    wanted: () => state.wanted,
    opened: () => told.push("opened"),
    received: (message) => told.push(message),
    lost: () => told.push("lost"),
  });
  /** @param {number} ms */
  const pass = (ms) => context.mock.timers.tick(ms);
  return { made, told, state, pass, last: () => Socket.all[Socket.all.length - 1] };
}

test("it opens once, where somebody wants it, and sends JSON when it is open", (context) => {
  const { made: one, told, state, last } = made(context);
  state.wanted = false;
  one.open();
  assert.equal(Socket.all.length, 0);
  state.wanted = true;
  one.open();
  one.open();
  assert.deepEqual(Socket.all.map(({ url }) => url), ["ws://here:1/live/abc"]);
  assert.equal(one.send({ type: "play" }), false);
  last().open();
  assert.equal(one.send({ type: "play" }), true);
  assert.deepEqual(last().sent, ['{"type":"play"}']);
  last().onmessage({ data: "hello" });
  assert.deepEqual(told, ["opened", "hello"]);
});

test("the page of an encrypted address gets an encrypted socket", (context) => {
  const { made: one, last } = made(context, "https://here/panda");
  one.open();
  assert.equal(last().url, "wss://here/live/abc");
});

test("it waits twice as long after each failure, at most 8 s, and 0.4 s again after a frame", (context) => {
  const { made: one, told, pass, last } = made(context);
  one.open();
  for (const wait of [400, 800, 1600, 3200, 6400, 8000, 8000]) {
    const before = Socket.all.length;
    last().close();
    pass(wait - 1);
    assert.equal(Socket.all.length, before);
    pass(1);
    assert.equal(Socket.all.length, before + 1, `after ${wait} ms`);
  }
  assert.equal(told.filter((word) => word === "lost").length, 7);
  last().onmessage({ data: "a sentence" });
  last().onmessage({ data: new ArrayBuffer(8) });
  last().close();
  pass(400);
  assert.equal(Socket.all.length, 9);
});

test("what nobody wants, or what was closed while it waited, is not opened again", (context) => {
  const { made: one, state, pass, last } = made(context);
  one.open();
  state.wanted = false;
  last().close();
  state.wanted = true;
  pass(20_000);
  assert.equal(Socket.all.length, 1);
  one.open();
  last().close();
  one.close();
  pass(20_000);
  assert.equal(Socket.all.length, 2);
});

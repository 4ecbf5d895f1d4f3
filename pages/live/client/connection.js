/** A websocket that is opened again whenever it is lost, after waiting a little longer each time. */

const FIRST_RETRY = 400; // ms; doubles at every failure
const LAST_RETRY = 8000;

/** What is told of the socket, and asked.
 * @typedef {object} Ends
 * @property {() => boolean} wanted - whether there should be a connection
 * @property {() => void} opened
 * @property {(message: string | ArrayBuffer) => void} received
 * @property {() => void} lost
 */

/** A connection to `path` on this server; it is closed until `open()`.
 * @param {string} path
 * @param {Ends} ends
 */
export function connection(path, { wanted, opened, received, lost }) {
  /** @type {WebSocket | null} */
  let socket = null;
  let retryAfter = FIRST_RETRY;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function open() {
    clearTimeout(timer);
    if (socket || !wanted()) return;
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = opened;
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") retryAfter = FIRST_RETRY; // a frame: the server is well
      received(data);
    };
    socket.onclose = closed;
  }

  function closed() {
    socket = null;
    lost();
    if (!wanted()) return;
    timer = setTimeout(open, retryAfter * (0.8 + 0.4 * Math.random()));
    retryAfter = Math.min(LAST_RETRY, retryAfter * 2);
  }

  const isOpen = () => socket?.readyState === WebSocket.OPEN;

  /** Send as JSON; false where there is no connection. @param {object} message */
  function send(message) {
    if (!isOpen()) return false;
    socket?.send(JSON.stringify(message));
    return true;
  }

  function close() {
    clearTimeout(timer);
    socket?.close();
  }

  return { open, isOpen, send, close };
}

/** What keeps a websocket from the server although the page came from it: a proxy between them. */

const REFUSED = 1008; // the server's code for a page that may not connect (channel.py)
const PATIENCE = 5000; // ms for a websocket to open

export const NOT_PASSED = "The proxy in front of this server does not pass websockets on, which the page needs. In nginx: " +
  'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';

/** What is in the way and what to set: a sentence, "" if nothing is or the server itself does not answer.
 * @param {string} path - of a websocket of the channel
 */
export async function obstacle(path) {
  const { opened, refused } = await tried(new URL(path, location.href));
  if (opened) return refused;
  return await answers(new URL(path, location.href)) ? NOT_PASSED : "";
}

/** Open a websocket and hear whether the server takes it.
 * @param {URL} url
 * @returns {Promise<{ opened: boolean, refused: string }>} refused: the server's words, "" if it takes it
 */
function tried(url) {
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  let opened = false, words = "";
  return new Promise((resolve) => {
    /** @param {string} refused */
    const end = (refused) => {
      clearTimeout(timer);
      resolve({ opened, refused });
      socket.close();
    };
    const timer = setTimeout(() => end(""), PATIENCE);
    socket.onopen = () => { opened = true; };
    socket.onmessage = ({ data }) => { words = JSON.parse(data).sentence; };
    socket.onclose = ({ code }) => end(code === REFUSED ? words : "");
  });
}

/** Whether the server answers without a websocket. @param {URL} url */
async function answers(url) {
  try {
    return (await fetch(url, { method: "HEAD", cache: "no-store" })).status < 500; // a proxy says 502 to 504
  } catch {
    return false;
  }
}

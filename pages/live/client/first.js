/** The first script of every page. It starts the live parts and plotly while Streamlit still connects and the page's
 * script runs, and it says what is in the way where Streamlit's own websocket does not come to stand. Nothing else of the
 * page is there then. */
import "./main.js";
import { obstacle } from "./obstacle.js";
import { plotlyFrom } from "./plotly.js";

const LOOK_AFTER = 5000; // ms
const STYLE = "position: fixed; z-index: 1000000; inset: auto 1rem 1rem; padding: 0.75rem 1rem; font-family: sans-serif;" +
  "background: Canvas; color: CanvasText; border: 1px solid; border-left: 4px solid #d55e00";

const line = document.createElement("p");
line.setAttribute("role", "alert");
line.setAttribute("style", STYLE);

/** Whether Streamlit has its connection; an app that does not say so is taken to have it. */
function connected() {
  const state = document.querySelector('[data-testid="stApp"]')?.getAttribute("data-test-connection-state");
  return state === "CONNECTED" || state === null;
}

async function look() {
  if (connected()) return line.remove();
  if (!line.isConnected) {
    line.textContent = await obstacle("live/-");
    if (line.textContent && !connected()) document.body.append(line);
  }
  setTimeout(look, LOOK_AFTER);
}

setTimeout(look, LOOK_AFTER);
plotlyFrom(new URL("plotly.min.js", import.meta.url).href).catch(() => {}); // a chart says it

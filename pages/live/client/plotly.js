/** Plotly, loaded once and kept apart from the one that Streamlit may load. */

/** @import { Plotly } from "./types.js" */

/** @type {Promise<Plotly> | null} */
let loading = null;

/** A promise of the plotly object; `window.Plotly` stays what it was.
 * @param {string} url
 * @returns {Promise<Plotly>}
 */
export function plotlyFrom(url) {
  loading ??= new Promise((resolve, reject) => {
    const before = window.Plotly;
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => {
      resolve(/** @type {Plotly} */ (window.Plotly));
      window.Plotly = before;
    };
    script.onerror = () => reject(new Error(`The charts need ${url}, which did not load.`));
    document.head.append(script);
  });
  return loading;
}

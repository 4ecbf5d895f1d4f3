/** Put into the page before its own scripts: notes each message, each drawn frame, and what a changed control leads to.
 *
 * The live page says itself that a frame was drawn (event "panda-frame"). On the page of the obvious way a chart is
 * drawn when its title, which names step and learning rate, has changed in the DOM (MutationObserver).
 */
(() => {
  const probe = (window.__probe = { packets: [], frames: [], usable: null, changes: [], waiting: null, steps: new Map() });
  const asked = new Map(); // seq -> charts that were asked for
  const Plain = window.WebSocket;

  window.WebSocket = class extends Plain {
    constructor(url, ...rest) {
      super(url, ...rest);
      if (/\/live\/|_stcore\/stream/.test(url)) this.addEventListener("message", ({ data }) => weigh(data));
      this.isLive = /\/live\//.test(url);
    }

    send(data) {
      if (this.isLive && typeof data === "string") {
        const message = JSON.parse(data);
        if (message.type === "frame") asked.set(message.seq, message.charts);
      }
      return super.send(data);
    }
  };

  const weigh = (data) => probe.packets.push({ at: performance.now(), bytes: data.byteLength ?? data.size ?? data.length });

  const drawn = (charts, step, alpha, cost = null) => {
    const at = performance.now();
    probe.frames.push({ at, charts, step, cost });
    if (probe.waiting?.alpha === alpha) {
      probe.changes.push(at - probe.waiting.since);
      probe.waiting = null;
    }
  };

  document.addEventListener("panda-frame", ({ detail }) => {
    drawn(asked.get(detail.seq) ?? [], detail.step, detail.settings.learning_rate);
    asked.delete(detail.seq);
  });

  /** From now on, the next frame that is drawn with this learning rate ends the wait. */
  probe.expect = (alpha, since = performance.now()) => { probe.waiting = { alpha, since }; };

  /** Where a key is what changes a control, the wait begins with the key. */
  document.addEventListener("keydown", () => { if (probe.waiting) probe.waiting.since = performance.now(); }, true);

  /** Turn the live page's first dial, the learning rate's, to a place between 0 and 1. */
  probe.turn = (place) => {
    const [range, field] = ["range", "text"].map((type) => document.querySelector(`.panda-dial input[type=${type}]`));
    const since = performance.now();
    range.value = Math.round(place * Number(range.max));
    range.dispatchEvent(new Event("input", { bubbles: true }));
    probe.expect(Number(field.value), since);
  };

  const TITLE = /step (\d+) alpha ([\d.]+) ms ([\d.]+)/;
  const look = () => document.querySelectorAll('[class*="st-key-"] .js-plotly-plot').forEach((plot) => {
    const name = /st-key-(\w+)/.exec(plot.closest('[class*="st-key-"]').className)[1];
    const [, step, alpha, cost] = (TITLE.exec(plot.querySelector(".gtitle")?.textContent) ?? []).map(Number);
    if (!(step > (probe.steps.get(name) ?? -1))) return; // nothing new; figures that are replaced linger in the DOM
    probe.steps.set(name, step);
    drawn([name], step, alpha, cost);
  });

  const DRAWN = ".js-plotly-plot .main-svg:first-of-type, canvas.panda-network"; // one for each chart

  /** Usable: the Play button can be pressed, a frame is drawn and four charts stand; or four charts of the other way. */
  const watch = () => {
    const play = document.querySelector(".panda-play");
    const plots = document.querySelectorAll(DRAWN).length >= 4;
    const ready = play ? !play.disabled && probe.frames.length > 0 : probe.steps.size > 0;
    if (plots && ready) probe.usable = performance.now();
    else requestAnimationFrame(watch);
  };

  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    watch();
  });
})();

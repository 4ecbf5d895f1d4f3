/** A grid of charts: one card each, made once, and fed with the arrays of every frame. */
import { chartControls } from "./chart_controls.js";
import { chartInfo } from "./chart_info.js";
import { attribute, element, freshId, write } from "./dom.js";
import { plotlyFrom } from "./plotly.js";
import { plot } from "./figure.js";
import { fullScreen } from "./full_screen.js";
import { network } from "./network.js";
import { movable } from "./drag_points.js";
import { follow, offer, presenting, staged } from "./presenting.js";
import { firstStep, followSince } from "./since_nudge.js";
import { themeAt } from "./theme.js";

/** @import { Acts, Card, Channel, ChartRow, ChartsData, Part, Status, Theme } from "./types.js" */

const CLOSES = "dialog, [popover], [role=dialog], [role=listbox], [role=combobox], [role=menu], [data-baseweb=popover], input, textarea";
const MARGIN = "200px"; // how far outside the window a chart is still kept up to date

/** The part "charts" in `root`.
 * @param {HTMLElement} root
 * @returns {Part<Status, ChartsData>}
 */
export function charts(root) {
  /** By name. @type {Map<string, Card>} */
  const cards = new Map();
  const watch = new IntersectionObserver(seen, { rootMargin: MARGIN });
  const widths = new ResizeObserver((entries) => {
    for (const { target } of entries) cardOf(target)?.resize();
  });
  /** @type {string | null} */
  let token = null;
  let selected = false;
  /** @type {Channel | null} */
  let heard = null;

  /** @param {Element} node */
  const cardOf = (node) => cards.get(/** @type {HTMLElement} */ (node).dataset.chart ?? "");

  /** @type {ReturnType<typeof charts>["update"]} */
  function update({ data }, channel) {
    const theme = themeAt(root);
    heard = channel;
    const names = new Set(data.charts.map((chart) => chart.name));
    const stays = data.stays ?? data.charts[0]?.name; // visible while a lab is scrolled on a phone
    for (const name of cards.keys()) if (!names.has(name) || token !== data.token) drop(name);
    token = data.token;
    data.charts.forEach((chart, place) => {
      const old = cards.get(chart.name);
      if (old && old.description !== JSON.stringify(chart)) drop(chart.name);
      const { node } = cards.get(chart.name) ?? add(chart, data, theme, channel);
      const item = node.closest(".panda-held") ?? node;
      if (root.children[place] !== item) root.insertBefore(item, root.children[place] ?? null);
      node.classList.toggle("panda-stays", chart.name === stays);
    });
    offer([...names]);
    set();
  }

  /** Show what presenter mode shows, and draw each chart in the theme and scale of its card. */
  function set() {
    const names = presenting() ? staged() : null;
    for (const [name, { node, dress, leave }] of cards) {
      if (names) leave();
      node.classList.toggle("panda-off-stage", Boolean(names && !names.includes(name)));
      if (node.offsetParent) dress(themeAt(node));
    }
  }

  /** @type {(chart: ChartRow, data: ChartsData, theme: Theme, channel: Channel) => Card} */
  function add(chart, data, theme, channel) {
    const { of } = chart.figure.layout.meta?.brush ?? {};
    const made = build(chart, data, theme, {
      pick: (number) => channel.send({ type: "pick", number }),
      select: (places) => channel.send({ type: "region", of, places }),
    });
    const card = movable(made, chart, channel);
    card.node.dataset.chart = chart.name;
    cards.set(chart.name, card);
    watch.observe(card.node);
    widths.observe(card.node);
    card.zoom(firstStep(channel.status));
    channel.forget(chart.name);
    return card;
  }

  /** @param {string} name */
  function drop(name) {
    const card = cards.get(name);
    if (!card) return;
    const { node, purge, leave } = card;
    leave();
    watch.unobserve(node);
    widths.unobserve(node);
    purge();
    node.remove();
    cards.delete(name);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  function seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = cardOf(target);
      if (card) card.visible = isIntersecting;
    }
  }

  function remove() {
    document.removeEventListener("keydown", onKey);
    unfollow.forEach((end) => end());
    watch.disconnect();
    widths.disconnect();
    [...cards.keys()].forEach(drop);
  }

  /** @type {ReturnType<typeof charts>["listens"]["frame"]} */
  function frame({ charts: moving, status }) {
    look();
    for (const [name, arrays] of Object.entries(moving)) cards.get(name)?.draw(arrays);
    selected = Boolean(status.selected);
    for (const [name, { hint, clear }] of cards) {
      if (clear) clear.hidden = !selected;
      write(hint, status.hints?.[name] ?? "");
      attribute(hint, "title", status.hints?.[name]);
    }
  }

  /** Show the steps that were chosen. */
  function look() {
    for (const { zoom } of cards.values()) zoom(firstStep(heard?.status ?? null));
  }

  /** Escape clears what is selected, unless it closes something above the page, such as a dialog.
   * @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !selected) return;
    if (/** @type {Partial<Element>} */ (event.target).closest?.(CLOSES)) return;
    [...cards.values()].find(({ clear }) => clear)?.clear?.click();
  }

  document.addEventListener("keydown", onKey);
  const unfollow = [follow(set), followSince(look)];
  const wants = () => [...cards].map(([name, { every, visible }]) => ({ name, every, visible }));
  return { update, remove, listens: { frame, wants } };
}

/** A card: title, what can be chosen in the chart, the plot.
 * @type {(chart: ChartRow, data: ChartsData, theme: Theme, act: Acts) => Card} */
function build(chart, data, theme, act) {
  const title = freshId("title");
  const area = element("div", { class: "panda-plot", role: "figure", "aria-label": `${chart.title}. ${chart.summary}` });
  const { meta } = chart.figure.layout;
  const drawn = meta?.network ? network(area, chart.figure, meta.network, theme, data.palette ?? [])
    : plot(area, chart.figure, plotlyFrom(data.plotly), theme, data.palette ?? [], act);
  const { nodes, draw, zoom } = chartControls(chart, drawn);
  const screen = fullScreen(chart.title, () => drawn.dress(themeAt(node)));
  const hint = element("p", { class: "panda-hint", role: "status" });
  const clear = meta?.brush && element("button", {
    type: "button", class: "panda-clear", text: "×", title: "Clear the selected region (Esc)", hidden: true,
    "aria-label": "Clear the selected region", on: { click: () => act.select(null) },
  });
  const name = element("h3", { id: title, text: chart.title });
  const head = element("header", { class: "panda-card-head" }, name, ...chartInfo(chart), hint, clear, ...nodes, screen.node);
  const node = element("section", { class: "panda-card", "aria-labelledby": title }, head, area);
  const more = { every: chart.every ?? 1, visible: true, description: JSON.stringify(chart) };
  return { node, hint, clear, ...drawn, draw, zoom, leave: screen.leave, ...more };
}

/** A grid of charts: one card for each, made once and updated from every frame. */
import { attribute, element, freshId, write } from "./dom.js";
import { plotlyFrom } from "./plotly.js";
import { plot } from "./figure.js";
import { movable } from "./drag_points.js";
import { themeAt } from "./theme.js";

const CLOSES = "[role=dialog], [role=listbox], [role=combobox], [role=menu], [data-baseweb=popover], input, textarea";
const MARGIN = "200px"; // how far outside the window a chart is still kept up to date

/** The part "charts" in `root`. */
export function charts(root) {
  const cards = new Map(); // name -> card
  const watch = new IntersectionObserver(seen, { rootMargin: MARGIN });
  const widths = new ResizeObserver((entries) => {
    for (const { target } of entries) cards.get(target.dataset.chart)?.resize();
  });
  let token = null;
  let selected = false;

  function update({ data, parentElement }, channel) {
    const theme = themeAt(parentElement);
    const names = new Set(data.charts.map((chart) => chart.name));
    const stays = data.stays ?? data.charts[0]?.name; // in sight, on a lab's phone
    for (const name of cards.keys()) if (!names.has(name) || token !== data.token) drop(name);
    token = data.token;
    data.charts.forEach((chart, place) => {
      const old = cards.get(chart.name);
      if (old && old.description !== JSON.stringify(chart)) drop(chart.name);
      if (!cards.has(chart.name)) {
        add(chart, data, theme, channel);
        channel.forget(chart.name);
      }
      const { node, dress } = cards.get(chart.name);
      if (root.children[place] !== node) root.insertBefore(node, root.children[place] ?? null);
      node.classList.toggle("panda-stays", chart.name === stays);
      dress(theme);
    });
  }

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
  }

  function drop(name) {
    const { node, purge } = cards.get(name);
    watch.unobserve(node);
    widths.unobserve(node);
    purge();
    node.remove();
    cards.delete(name);
  }

  function seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = cards.get(target.dataset.chart);
      if (card) card.visible = isIntersecting;
    }
  }

  function remove() {
    document.removeEventListener("keydown", onKey);
    watch.disconnect();
    widths.disconnect();
    [...cards.keys()].forEach(drop);
  }

  function frame({ charts: moving, status }) {
    for (const [name, arrays] of Object.entries(moving)) cards.get(name)?.draw(arrays);
    selected = Boolean(status.selected);
    for (const [name, { hint, clear }] of cards) {
      if (clear) clear.hidden = !selected;
      write(hint, status.hints?.[name] ?? "");
      attribute(hint, "title", status.hints?.[name]);
    }
  }

  /** Escape clears the selection, unless it closes a dialog or menu above the page. */
  function onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !selected || event.target.closest?.(CLOSES)) return;
    [...cards.values()].find(({ clear }) => clear)?.clear.click();
  }

  document.addEventListener("keydown", onKey);
  const wants = () => [...cards].map(([name, { every, visible }]) => ({ name, every, visible }));
  return { update, remove, listens: { frame, wants } };
}

/** A card: title, a switch for a logarithmic axis where the chart has one, the plot. */
function build(chart, data, theme, act) {
  const title = freshId("title");
  const area = element("div", { class: "panda-plot", role: "img", "aria-label": `${chart.title}. ${chart.summary}` });
  const drawn = plot(area, chart.figure, plotlyFrom(data.plotly), theme, data.palette ?? [], act);
  const log = chart.figure.layout.meta?.log && element("button", {
    type: "button", class: "panda-log", text: "log", title: "Logarithmic scale", "aria-pressed": "false",
    on: { click: () => log.setAttribute("aria-pressed", drawn.toggleLog()) },
  });
  if (log) log.setAttribute("aria-pressed", chart.figure.layout.yaxis?.type === "log");
  const hint = element("p", { class: "panda-hint", role: "status" });
  const clear = chart.figure.layout.meta?.brush && element("button", {
    type: "button", class: "panda-clear", text: "×", title: "Clear the selected region (Esc)", hidden: true,
    "aria-label": "Clear the selected region", on: { click: () => act.select(null) },
  });
  const name = element("h3", { id: title, text: chart.title });
  const head = element("header", { class: "panda-card-head" }, name, hint, clear, log);
  const node = element("section", { class: "panda-card", "aria-labelledby": title }, head, area);
  return { node, hint, clear, ...drawn, every: chart.every ?? 1, visible: true, description: JSON.stringify(chart) };
}

"""What a room sees of presenter mode, measured in the browser."""

MEASURED = """() => {
  const found = { texts: [], lines: [], cut: [], overlaps: [] };
  const seen = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const name = (node) => `${node.closest('.panda-card')?.dataset.chart ?? 'stage'}: ${node.textContent.trim()}`;

  /** Where a text may be: in its plot if it is part of the data, else in its figure, else in the window. */
  function limits(text) {
    if (!text.closest('svg')) return { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    if (!text.closest('.textpoint')) return text.closest('svg').getBoundingClientRect();
    const figure = text.closest('.js-plotly-plot');
    const { left, top } = figure.getBoundingClientRect();
    const span = (way) => Object.entries(figure._fullLayout)
      .filter(([key, axis]) => key.startsWith(`${way}axis`) && axis._length)
      .flatMap(([, axis]) => [axis._offset, axis._offset + axis._length]);
    const [xs, ys] = [span('x'), span('y')];
    return { left: left + Math.min(...xs), right: left + Math.max(...xs),
      top: top + Math.min(...ys), bottom: top + Math.max(...ys) };
  }

  const inside = (a, b) =>
    a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  const shared = (a, b) => Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)) / Math.min(a.height, b.height);

  for (const root of document.querySelectorAll('.panda-stage, .panda-phone, .panda-card')) {
    if (!seen(root)) continue;
    const boxes = new Map();
    for (const node of root.querySelectorAll('*')) {
      if (!seen(node) || node.closest('.panda-keys')) continue;
      if (node.matches('path.js-line') && parseFloat(getComputedStyle(node).strokeWidth)) {
        found.lines.push([parseFloat(getComputedStyle(node).strokeWidth), name(node)]);
      }
      if (![...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())) continue;
      const { fontSize, overflow } = getComputedStyle(node);
      found.texts.push([parseFloat(fontSize), name(node)]);
      const whole = node.closest('text') ?? node;
      const box = whole.getBoundingClientRect();
      if (!inside(box, limits(whole)) || (overflow !== 'visible' && node.scrollWidth > node.clientWidth + 1)) {
        found.cut.push(name(whole));
      }
      boxes.set(whole, box);
    }
    const all = [...boxes];
    all.forEach(([one, a], i) => all.slice(i + 1).forEach(([other, b]) => {
      if (one.contains(other) || other.contains(one) || shared(a, b) < 1 / 3) return;
      found.overlaps.push([name(one), name(other)]);
    }));
  }
  return found;
}"""


def measured(page):
    """{"texts": [[px, text]], "lines": [[px, chart]], "cut": [text], "overlaps": [[text, text]]} of the stage: a text
    that leaves its plot, figure or window is cut; two overlap where they share a third of their height."""
    return page.evaluate(MEASURED)

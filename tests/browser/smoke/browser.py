"""What a smoke test does in a browser: the same few verbs for each, on top of WebDriver."""

import json
import time

# Where to press so that the node gets it, in px of the window; null as long as it cannot be pressed there.
SPOT = """((node, part) => {
  if (!node || node.disabled) return null;
  node.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { left, top, width, height } = node.getBoundingClientRect();
  const [x, y] = [Math.round(left + part * width), Math.round(top + height / 2)];
  return node.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
})"""
DOWN, UP = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}


class Browser:
    """Its kinds say how to `open(address)`, `run(script)`, `perform(actions)` and `shoot(path)`."""

    def evaluate(self, expression):
        """The value of a JavaScript expression, as JSON carries it."""
        return json.loads(self.run(f"JSON.stringify(({expression}) ?? null)"))

    def until(self, expression, wanted=True, seconds=60):
        """Wait until the expression has that value; AssertionError with what it has otherwise."""
        end = time.monotonic() + seconds
        while (seen := self.evaluate(expression)) != wanted and time.monotonic() < end:
            time.sleep(0.1)
        assert seen == wanted, f"after {seconds} s {seen!r} instead of {wanted!r}, from {expression}"

    def click(self, node):
        """Press the element that an expression gives, with the mouse, once nothing lies over it."""
        self.drag(node, 0.5)

    def drag(self, node, start, *parts):
        """Press the element at a part of its width, and move on to others before letting go."""
        self.until(f"{SPOT}({node}, {start}) !== null")
        spots = [self.evaluate(f"{SPOT}({node}, {part})") for part in (start, *parts)]
        first, *others = [{"type": "pointerMove", "x": x, "y": y, "duration": 100} for x, y in spots]
        mouse = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}
        self.perform([mouse | {"actions": [first, DOWN, *others, UP]}])

    def errors(self):
        """What the page's own code has complained of since it was opened."""
        return self.evaluate("window.__errors")

"""The app with a first script in every page that keeps the page's errors in `window.__errors`.

The script comes before any of the page's own, so that it also hears of a module that fails while it loads. Each browser
runs it in the same way; WebKitWebDriver has no log of its own to ask for.
"""

from app import app as panda

HOOK = b"""<script>
  window.__errors = [];
  const told = console.error;
  const full = (error) => `${error} ${error?.stack ?? ""}`; // WebKit's stack does not begin with the message
  console.error = (...words) => { __errors.push(words.map(full).join(" ")); told(...words); };
  addEventListener("unhandledrejection", ({ reason }) => { __errors.push(`unhandled: ${full(reason)}`); });
  addEventListener("error", ({ target, message, filename, lineno }) => {
    if (target.rel === "modulepreload") return; // only a hint; Firefox rejects Streamlit's for a module it has
    const file = target.src || target.href;
    __errors.push(file ? `not loaded: ${file}` : `${message} (${filename}:${lineno})`);
  }, true);
</script>"""


async def app(scope, receive, send):
    """Panda as it is, with the script at the top of its pages."""
    if scope["type"] == "http" and "." not in scope["path"]:
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await panda(scope | {"headers": headers}, receive, with_hook(send))
    else:
        await panda(scope, receive, send)


def with_hook(send):
    """A `send` that puts the script into the first part of an HTML answer; the start waits for it, with its length."""
    start = None

    async def sent(message):
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if start is not None:
            body = message.get("body", b"")
            hooked = body.replace(b"<head>", b"<head>" + HOOK, 1)
            await send(start | {"headers": [longer(*header, len(hooked) - len(body)) for header in start["headers"]]})
            start, message = None, message | {"body": hooked}
        await send(message)

    return sent


def longer(name, value, by):
    """A header; that of the length says so many bytes more."""
    return (name, str(int(value) + by).encode()) if name == b"content-length" else (name, value)

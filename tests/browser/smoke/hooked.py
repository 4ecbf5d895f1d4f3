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
    if scope["type"] == "http":
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        page = "." not in scope["path"]
        await panda(scope | {"headers": headers} if page else scope, receive, with_hook(send) if page else send)
    else:
        await panda(scope, receive, send)


def with_hook(send):
    """A `send` that puts the script into the first part of an HTML answer."""
    start = None

    async def sent(message):
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if start is not None:
            at = message.get("body", b"").find(b"<head>") + len(b"<head>")
            headers = start["headers"]
            if at >= len(b"<head>"):
                message = message | {"body": message["body"][:at] + HOOK + message["body"][at:]}
                headers = [(name, longer(value) if name == b"content-length" else value) for name, value in headers]
            await send(start | {"headers": headers})
            start = None
        await send(message)

    return sent


def longer(length):
    return str(int(length) + len(HOOK)).encode()

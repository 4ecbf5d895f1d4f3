"""A visitor's page over Streamlit's own websocket, without a browser: what the script shows at the first visit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

PAGES = ("", "caviar", "scales", "batch_norm", "softmax", "runs", "settings")


@dataclass
class Shown:
    """What a page shows: `tracebacks` are Streamlit's boxes of errors that nobody caught, `errors` our sentences."""

    tracebacks: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    elements: int = 0
    finished: bool = False


def visit(port: int, page: str, patience: float = 40.0) -> Shown:
    """The page as a new visitor sees it, once its script is done or after `patience` seconds."""
    shown, deadline = Shown(), time.monotonic() + patience
    with connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as socket:
        ask = BackMsg()
        ask.rerun_script.page_name = page
        socket.send(ask.SerializeToString())
        while not shown.finished and time.monotonic() < deadline:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=patience))
            _take(shown, message)
    return shown


def _take(shown: Shown, message: ForwardMsg) -> None:
    kind = message.WhichOneof("type")
    shown.finished = shown.finished or kind == "script_finished"
    if kind != "delta" or message.delta.WhichOneof("type") != "new_element":
        return
    element = message.delta.new_element
    shown.elements += 1
    if element.WhichOneof("type") == "exception":
        shown.tracebacks.append(element.exception.message)
    if element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
        shown.errors.append(element.alert.body.replace("\\", ""))

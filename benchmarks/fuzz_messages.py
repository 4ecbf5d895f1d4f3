"""Malformed messages and handshakes of the live channel, made at random: bytes as they go over the wire."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Callable

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
TYPES = [
    "frame",
    "nudge",
    "play",
    "pause",
    "step",
    "speed",
    "stop_at",
    "look",
    "rewind",
    "region",
    "pick",
    "push",
    "dance",
]
FIELDS = [
    "charts",
    "seq",
    "anew",
    "sight",
    "changes",
    "gesture",
    "id",
    "steps",
    "step",
    "of",
    "places",
    "type",
    "__class__",
]
ORIGINS = ["http://[", "http://[::1", "http://]["]
ORIGINS += ["null", "", "http://", "//", "http://evil.example", "\xff\xfe", "http://x:99999999", "http://[v1.x]"]
ORIGINS += ["javascript:0", "http://a b", "http://" + "x" * 4000, "%", "http://127.0.0.1:x"]


def frame(
    opcode: int, data: bytes, fin: bool = True, mask: bool = True, said: int | None = None, rsv: int = 0
) -> bytes:
    """A frame as a client sends it; `said` is the length that its header claims."""
    length = len(data) if said is None else said
    head = bytes([fin << 7 | rsv << 4 | opcode])
    if length < 126:
        head += bytes([mask << 7 | length])
    elif length < 1 << 16:
        head += bytes([mask << 7 | 126]) + struct.pack("!H", length)
    else:
        head += bytes([mask << 7 | 127]) + struct.pack("!Q", length)
    return head + (b"\0\0\0\0" if mask else b"") + data  # a mask of zeros leaves the data as they are


def value(rng: random.Random, deep: int = 0) -> object:
    """Something that JSON can say."""
    kinds: list[Callable[[], object]] = [
        lambda: rng.choice(
            [None, True, False, "", "loss", "\ud800", "é🐼", "x" * 300, "learning_rate", -1, 0, 1, 1 << 53]
        ),
        lambda: rng.choice([float("nan"), float("inf"), 1e308, -1e-320, 10**400, 0.5, "1e999"]),
        lambda: rng.choice(FIELDS),
    ]
    if deep < 3:
        kinds += [
            lambda: [value(rng, deep + 1) for _ in range(rng.randrange(4))],
            lambda: {rng.choice(FIELDS): value(rng, deep + 1) for _ in range(rng.randrange(4))},
        ]
    return rng.choice(kinds)()


def odd_json(rng: random.Random) -> bytes:
    """A message of a wrong form."""
    message: dict[str, object] = {"type": rng.choice([*TYPES, value(rng)])}
    message |= {rng.choice(FIELDS[:-2]): value(rng) for _ in range(rng.randrange(5))}
    return json.dumps(rng.choice([message, message, message, value(rng)])).encode()


def broken_json(rng: random.Random) -> bytes:
    """A message with bytes changed, taken away or repeated."""
    data = bytearray(odd_json(rng) or b"{}")
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data))
        data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        data = data or bytearray(b"{")
    return bytes(data)


def nested(rng: random.Random) -> bytes:
    """Brackets in brackets, or a number of thousands of digits."""
    opened = rng.choice([b"[", b'{"a":', b'{"type":[', b"-", b"9", b"\\u", b'"', b'{"changes":{"a":'])
    return opened * (rng.randrange(1, 4096) // len(opened) + 1)


def whole(rng: random.Random) -> bytes:
    """One frame with a message that is none."""
    data = rng.choice([odd_json, odd_json, broken_json, nested, lambda it: it.randbytes(it.randrange(200))])(rng)
    return frame(rng.choice([TEXT, TEXT, BINARY]), data)


def invalid_text(rng: random.Random) -> bytes:
    """Text that is no UTF-8, in one frame or cut inside a sign."""
    data = rng.choice(
        [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b'{"type":"\xf0\x9f\x90"}', "🐼".encode()[:2]]
    ) * rng.randrange(1, 9)
    return rng.choice([frame(TEXT, data), frame(TEXT, data[:1], fin=False) + frame(0, data[1:])])


def unfinished(rng: random.Random) -> bytes:
    """The beginning of a message of up to 140 MB, in one frame or in many."""
    size = rng.choice([5_000, 1 << 20, 140_000_000, 1 << 40, (1 << 63) - 1])
    sent = b"x" * rng.randrange(min(size, 1 << 20))
    parts = rng.randrange(1, 400)
    many = frame(TEXT, b"x", fin=False) + frame(0, b"y" * rng.randrange(2000), fin=False) * parts
    return rng.choice(
        [
            frame(rng.choice([TEXT, BINARY]), sent, said=size),
            many,
            frame(TEXT, b"", fin=False) + frame(0, b"", fin=False) * 50_000,
        ]
    )


def unlawful(rng: random.Random) -> bytes:
    """Frames that the protocol forbids."""
    closing = [b"", b"x", b"\x03\xe8\xff", b"\0\0", b"\x03\xed", b"\xff\xff", b"\x03\xe8" + b"x" * 124]
    made = [
        frame(rng.choice([3, 4, 7, 11, 15]), b"x"),
        frame(TEXT, b"{}", mask=False),
        frame(TEXT, b"{}", rsv=rng.randrange(1, 8)),
        frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
        frame(0, b"x"),
        frame(PING, b"x" * 126),
        frame(PING, b"x", fin=False),
        frame(PING, rng.randbytes(125)) * rng.randrange(1, 2000),
        frame(PONG, rng.randbytes(9)),
        frame(CLOSE, rng.choice(closing)),
        rng.randbytes(rng.randrange(300)),
    ]
    return rng.choice(made)


def flood(rng: random.Random) -> bytes:
    """More commands at once than may wait."""
    sent = [
        {"type": "nudge", "changes": {"learning_rate": rng.random() + 1e-3}, "id": i}
        for i in range(rng.randrange(1000))
    ]
    return b"".join(frame(TEXT, json.dumps(message).encode()) for message in sent)


MESSAGES = [whole] * 12 + [invalid_text] * 2 + [unfinished] * 2 + [unlawful] * 3 + [flood]


NEEDED = ("Host", "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version")


def handshake(rng: random.Random, port: int, token: str) -> bytes:
    """A request to open a channel, with one thing wrong with it or more."""
    kept = {
        name: text for name, text in _headers(rng, port).items() if rng.random() < (0.97 if name in NEEDED else 0.35)
    }
    data = _first_line(rng, token) + "".join(f"{name}: {text}\r\n" for name, text in kept.items()) + "\r\n"
    sent = data.encode("latin-1", "replace")
    if rng.random() < 0.15:
        sent = sent[: rng.randrange(len(sent))] + rng.randbytes(rng.randrange(60))
    return sent


def _first_line(rng: random.Random, token: str) -> str:
    right = f"/live/{token}"
    paths = ["/live/nothing", "/live/", "/live/%00%ff%2e%2e", "/live/" + "x" * 9000, f"{right}/more", f"/{right}"]
    paths += ["/live/é".encode().decode("latin-1"), f"{right}?key=%zz#x", "*", "http://x/live/y"]
    method = rng.choice(["GET"] * 12 + ["POST", "PUT", "", "GET " * 50])
    return f"{method} {rng.choice([right] * 9 + paths)} HTTP/{rng.choice(['1.1'] * 9 + ['1.0', '2', 'x'])}\r\n"


def _headers(rng: random.Random, port: int) -> dict[str, str]:
    key = base64.b64encode(rng.randbytes(16)).decode()
    choices = {
        "Host": [f"127.0.0.1:{port}"] * 6 + ["[", "", "evil.example", "é"],
        "Connection": ["Upgrade"] * 8 + ["keep-alive, Upgrade", "close", ""],
        "Upgrade": ["websocket"] * 10 + ["WebSocket", "h2c", "foo", ""],
        "Sec-WebSocket-Key": [key] * 8 + ["", "x", key * 9, "é"],
        "Sec-WebSocket-Version": ["13"] * 8 + ["8", "", "x"],
        "Origin": ORIGINS,
        "Cookie": ['panda="x', "a[b]=1", "é=\xff", ";=;", "x" * 20_000],
        "Sec-WebSocket-Extensions": ["permessage-deflate", "permessage-deflate; x=y", "foo;", "=", ";"],
        "Sec-WebSocket-Protocol": ["streamlit, x, y", ",", "é"],
        "X-Forwarded-Proto": ["https,http"],
        "Content-Length": ["0", "5", "-1", "x"],
    }
    return {name: rng.choice(texts) for name, texts in choices.items()}

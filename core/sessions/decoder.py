"""Makes commands from a client's messages; for a message that is none, a sentence says what is wrong with it."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import msgspec

from core.errors import UserError
from core.sessions.commands import Command, Frame

LONGEST_MESSAGE = 4096  # characters
WHOLE = "The message needs a whole number called {name!r}."
NEEDS = {  # the sentence for a field that is missing or wrong; `WHOLE` for all others
    "changes": "A nudge needs 'changes', from a setting's name to its value.",
    "charts": "A request for a frame needs 'charts', a list of chart names.",
    "anew": "A request for a frame takes 'anew', true or false.",
    "sight": "What is to be seen needs 'generation', 'axes' and 'whole', or some of them.",
    "places": "A region needs 'places', from a setting's name to two places on its axis, or null.",
    "loss": "The message takes 'loss', a number above 0.",
    "stop": "A run stops at a 'step', after 'epochs' or at a 'loss': at one of them.",
    "activation": "The message takes 'activation', the name of one.",
}


class Decoder:
    """Makes commands from a client's messages: a `Frame`, or one of the types in a union such as `RunMessage`."""

    def __init__(self, union: Any) -> None:
        self._types: dict[object, type[Command]] = {one.__struct_config__.tag: one for one in (Frame, *get_args(union))}

    def __call__(self, text: str | bytes) -> Any:
        """The command that a message is. Raises `UserError`, which says what is wrong with it."""
        message = _object(text)
        kind = message.get("type")
        if not isinstance(kind, str) or kind not in self._types:
            named = repr(kind[:40]) if isinstance(kind, str) else "like this"
            raise UserError(f"There is no message type {named}: there are {', '.join(map(str, self._types))}.")
        try:
            return msgspec.convert(message, self._types[kind])
        except msgspec.ValidationError as error:
            raise UserError(_sentence(str(error))) from error
        except UnicodeEncodeError as error:
            raise UserError("The message has half a character in it.") from error


def identity_in(text: str | bytes) -> int | None:
    """The number of a message that was refused, if it can be read: the page then knows which one that was."""
    try:
        identity = _object(text).get("id")
    except UserError:
        return None
    return (
        identity if isinstance(identity, int) and not isinstance(identity, bool) and 0 <= identity < 1 << 53 else None
    )


def _object(text: str | bytes) -> dict[str, Any]:
    if len(text) > LONGEST_MESSAGE:
        raise UserError(f"A message may have {LONGEST_MESSAGE:,} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise UserError("A message is one JSON object.")
    return message


def _sentence(words: str) -> str:
    """What msgspec says of a message, such as "Expected `int`, got `str` - at `$.seq`", as a sentence for people."""
    found = re.search(r"`\$\.(\w+)|required field `(\w+)`", words)
    name = next(filter(None, found.groups())) if found else "id"
    return NEEDS.get(name, WHOLE.format(name=name))

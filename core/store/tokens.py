"""Tokens, what is stored of them, and the names that people give."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_token() -> str:
    """128 random bits for an address."""
    return secrets.token_urlsafe(16)


def digest(token: str) -> str:
    """What is stored of a token: who reads the file cannot act for the person."""
    return hashlib.sha256(token.encode()).hexdigest()


def key_of(owner_token: str, run: str) -> str:
    """The token that drives a run or a search: only its owner can compute it."""
    return hmac.new(owner_token.encode(), run.encode(), hashlib.sha256).hexdigest()[:32]


def bounded_name(name: str) -> str:
    """A person's name for something: one line of at most 80 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:80]

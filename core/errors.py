"""The one tree of errors that a person can cause. Its messages are whole sentences that say what to do."""


class UserError(Exception):
    """Something a person asked for cannot be done; `str(error)` is the sentence to show them."""

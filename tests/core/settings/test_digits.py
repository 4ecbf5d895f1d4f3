"""Numbers in sentences keep the digits before their point."""

import pytest

from core.settings.digits import in_full


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (3175.2, 3, "3,175"),
        (999.6, 3, "1,000"),
        (99.96, 3, "100"),
        (0.123456, 3, "0.123"),
        (1234567.8, 4, "1,234,568"),
        (-3175, 2, "-3,175"),
        (2e15, 4, "2.00e+15"),
        (1000.0, 3, "1,000"),
        (0.0, 3, "0"),
        (float("inf"), 3, "∞"),
        (float("nan"), 3, "no number"),
    ],
)
def test_in_full(number, digits, text):
    assert in_full(number, digits) == text

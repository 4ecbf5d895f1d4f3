"""Tests of the short names of values and runs."""

from core.settings.names import DEFAULTS, MOST, changed_words, run_name, short_value


def test_a_run_is_named_by_data_layers_and_what_differs():
    assert run_name(DEFAULTS) == "spiral 16-16"
    assert run_name({**DEFAULTS, "learning_rate": 1.0, "batch_size": 1}) == "spiral 16-16, α 1, m 1"
    assert run_name({**DEFAULTS, "hidden": (8, 4), "activation": "tanh", "seed": 3}) == "spiral 8-4, tanh, seed 3"
    assert run_name({**DEFAULTS, "dataset": "table-x"}, "my flowers") == "my flowers 16-16"


def test_what_has_no_effect_is_left_out():
    assert changed_words({**DEFAULTS, "decay_rate": 0.3}) == ""
    assert changed_words({**DEFAULTS, "decay_rate": 0.3, "decay": "exponential"}).endswith("k 0.3")


def test_of_many_differences_the_first_are_named():
    many = {"learning_rate": 1.0, "beta1": 0.5, "batch_size": 8, "batch_norm": False, "dropout": 0.1, "seed": 2,
            "noise": 0.1}  # fmt: skip
    words = changed_words({**DEFAULTS, **many}).split(", ")
    assert words[0] == "α 1"
    assert len(words) == MOST + 1
    assert words[-1] == "+2"


def test_values_in_few_signs():
    assert short_value("learning_rate", 0.0123456) == "α 0.0123"
    assert short_value("batch_norm", False) == "batch norm off"
    assert short_value("optimizer", "adam") == "Adam"
    assert short_value("decay", "none") == "no decay"

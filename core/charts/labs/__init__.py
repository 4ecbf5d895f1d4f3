"""The charts of the labs, one panel a file; each takes the numbers that `core.labs` computes."""

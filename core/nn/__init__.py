"""The mathematics of a network, a concept a file."""

"""What the labs compute, one panel a file: numbers of a moment, from the engine's own functions."""

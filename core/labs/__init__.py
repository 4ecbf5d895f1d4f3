"""What the labs compute, one panel a file, with the engine's own functions."""

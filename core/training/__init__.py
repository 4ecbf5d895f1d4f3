"""Training K networks side by side, in numpy and compiled."""

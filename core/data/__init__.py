"""Data sets, splits, normalization and uploads. Everything that comes in is checked and bounded."""

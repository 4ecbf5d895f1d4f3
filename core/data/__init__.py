"""Data sets, splits and normalization, uploads: whatever comes in, checked and bounded."""

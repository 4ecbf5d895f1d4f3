"""Prepared starts that are worth watching, one row each."""

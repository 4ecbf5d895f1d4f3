"""Panels of the Panda page."""

"""Panels of the Caviar page."""

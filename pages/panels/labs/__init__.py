"""Panels of the labs."""

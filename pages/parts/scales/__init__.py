"""The panels of the lab of scales."""

"""What can be chosen: RunSpec, Settings, their one table, and scales."""

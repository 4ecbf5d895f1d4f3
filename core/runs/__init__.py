"""A run: its journal, history, snapshots and file."""

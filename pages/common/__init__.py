"""Identity, the current run, escaping: used by panels and by the live parts."""

"""Many models: what to search, where to sample, and the search itself."""

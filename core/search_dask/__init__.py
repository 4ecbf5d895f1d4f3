"""The same search on a Dask cluster."""

"""Searches on a Dask cluster."""

"""Targets back into the source document by anchor."""

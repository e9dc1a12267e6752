"""Artifacts: what jobs made, to be downloaded or packed up."""

"""Deterministic checks and a verdict per unit."""

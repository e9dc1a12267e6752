"""Parked work and dead letters: what waits for a person."""

"""Spend: what was paid for calls, and what was saved by answers on record."""
